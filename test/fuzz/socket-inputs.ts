/** What is thrown at the sockets: commands, handshakes, packets and frames. */
import { DIALECTS } from '../../src/transport/socket/dialect.js';
import type { Random } from '../support/random.js';
import type { TestUser } from '../support/server.js';
import type { CommandTarget, Round } from './fuzz-world.js';
import type { Material } from './hostile.js';
import {
  bloated,
  hostileValue,
  isTooDeep,
  jsonOf,
  mutated,
  mutatedBytes,
  randomBytes,
} from './hostile.js';
import { enriched } from './plausible.js';
import { OPCODES, frame } from './raw-websocket.js';

/** A command through a client that keeps to the protocol. */
export interface CommandInput {
  kind: 'command';
  target: string;
  caller: TestUser;
  /** What the socket has declared, when it has. */
  dialect: string | undefined;
  event: string;
  args: unknown[];
  /** Sent once more without asking for an answer. */
  isEchoed: boolean;
}

/** What a client says when it connects. */
export interface HandshakeInput {
  kind: 'handshake';
  target: string;
  auth: Record<string, unknown>;
}

/** Messages on a connection that is not held to any protocol. */
export interface FramesInput {
  kind: 'frames';
  target: string;
  caller: TestUser;
  /** Whether the Socket.IO handshake comes first. */
  isConnected: boolean;
  /** Whole WebSocket frames, or what looks like it. */
  frames: Buffer[];
  /** Whether the WebSocket protocol itself is kept to, so that an answer can be expected. */
  isWellFramed: boolean;
}

/** A socket frame may have 64 KB: whatever is longer ends the connection, which the raw inputs see to. */
const FRAME_BYTES = 60_000;
/** Bytes of a value that fits into such a frame. */
const LONG_PAYLOAD = 50_000;

const sizeOf = (args: unknown[]): number => Buffer.byteLength(jsonOf(args));

const EVENTS = [
  'no_such_event',
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  '\0',
  '\ud800',
  'ping',
].concat([
  'pong',
  'error_',
  'send_message ',
  'a'.repeat(20_000),
  'SEND_MESSAGE',
  '$',
  '42',
  'hasOwnProperty',
]);

const commandInput = (random: Random, round: Round, target: CommandTarget): CommandInput => {
  const caller = random.next() < 0.8 ? target.caller : random.pick(round.people);
  const material: Material = { ids: round.idsFor(caller), names: round.names };
  const full = enriched(random, material, target.members, target.payload);
  const dice = random.next();
  let payload: unknown = full;
  if (dice < 0.6) payload = mutated(random, material, full);
  else if (dice < 0.66) payload = hostileValue(random, material);
  else if (dice < 0.68) payload = Buffer.from('x');
  else if (dice < 0.69) payload = Buffer.alloc(random.pick([100, 60_000]));
  else if (dice < 0.7)
    payload = { ...full, [random.pick(Object.keys(full).concat('a'))]: randomBytes(random, 20) };
  else if (dice < 0.74) payload = bloated(random, full, LONG_PAYLOAD);
  let args = [payload];
  if (random.next() < 0.03)
    args = random.pick([[], [payload, payload], [null, payload], [payload, 1, 'x']]);
  if (isTooDeep(args) || sizeOf(args) > FRAME_BYTES) args = [{}];
  return {
    kind: 'command',
    target: target.name,
    caller,
    dialect: random.pick([target.command.dialect, target.command.dialect, undefined, ...DIALECTS]),
    event: random.next() < 0.97 ? target.command.event : random.pick(EVENTS),
    args,
    isEchoed: random.next() < 0.1,
  };
};

const handshakeInput = (random: Random, round: Round): HandshakeInput => {
  const { token } = random.pick(round.people);
  const auth = { token, dialect: random.pick(DIALECTS) };
  const material = { ids: round.idsFor(undefined), names: ['token', 'dialect', 'userId'] };
  const broken = mutated(
    random,
    material,
    random.next() < 0.8 ? auth : { token: mutatedBytes(random, Buffer.from(token)).toString() },
  );
  return {
    kind: 'handshake',
    target: 'handshake',
    auth: (typeof broken === 'object' && broken !== null && !isTooDeep(broken)
      ? broken
      : { token: typeof broken }) as Record<string, unknown>,
  };
};

const PACKETS = [
  '40',
  '41',
  '43',
  '43[]',
  '431[{}]',
  '44',
  '44{"message":"x"}',
  '45',
  '46',
  '4',
  '47',
  '48-',
]
  .concat(['2', '3', '2probe', '3probe', '5', '6', '0{"sid":"x"}', '1', '7', 'x', '', 'b', 'bAAAA'])
  .concat([
    '42',
    '42[]',
    '42{}',
    '42[7,{}]',
    '42[7]',
    '421[7,{}]',
    '42[null]',
    '42[{}]',
    '42["connect"]',
  ])
  .concat([
    '42["disconnect"]',
    '42["disconnecting",{}]',
    '42["error",{}]',
    '42["newListener",{}]',
    '42["x"',
  ])
  .concat([
    '421["typing"]',
    '4299999999999999999999["typing",{}]',
    '42-1["typing",{}]',
    '42/x,["typing",{}]',
  ])
  .concat([
    '40/x,',
    '40/x,{"token":1}',
    '41/x,',
    '40/__proto__,',
    '40/constructor,{}',
    '42/,["typing"]',
  ])
  .concat([
    '451-["x",{"_placeholder":true,"num":0}]',
    '451-["x",{"_placeholder":true,"num":9}]',
    '450-["x"]',
  ])
  .concat([
    '4599999-["x"]',
    '45-1-["x"]',
    '451-["x",{"_placeholder":true,"num":"__proto__"}]',
    '461-[1]',
  ])
  .concat(['452-["send_message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]']);

/** Socket.IO packets: those of the list, and commands whose text is broken. */
const packetOf = (random: Random, round: Round): Buffer => {
  const dice = random.next();
  if (dice < 0.5) return Buffer.from(random.pick(PACKETS));
  const { command, payload } = random.pick(round.commands);
  const id = random.next() < 0.5 ? String(random.between(0, 999)) : '';
  const text = Buffer.from(`42${id}${jsonOf([command.event, payload])}`);
  if (dice < 0.53)
    return Buffer.concat([text.subarray(0, -1), Buffer.from(`,"${'x'.repeat(70_000)}"]`)]);
  return mutatedBytes(random, text);
};

const OPCODE_LIST = [...Object.values(OPCODES), 0, 3, 11, 15];

const framesInput = (random: Random, round: Round): FramesInput => {
  const isWellFramed = random.next() < 0.8;
  const count = random.between(1, 4);
  const frames = Array.from({ length: count }, () => {
    const content = random.next() < 0.9 ? packetOf(random, round) : randomBytes(random, 60);
    if (isWellFramed) return frame(random.next() < 0.9 ? OPCODES.text : OPCODES.binary, content);
    const broken = frame(random.pick(OPCODE_LIST), content, {
      isFinal: random.next() < 0.6,
      isMasked: random.next() < 0.8,
      reserved: random.next() < 0.8 ? 0 : random.between(0, 7),
      announced:
        random.next() < 0.7
          ? content.length
          : random.pick([0, 125, 126, 65_535, 65_536, 2 ** 31, 2 ** 53]),
    });
    return random.next() < 0.2 ? mutatedBytes(random, broken) : broken;
  });
  return {
    kind: 'frames',
    target: isWellFramed ? 'packets' : 'frames',
    caller: random.pick(round.people),
    isConnected: random.next() < 0.8,
    frames,
    isWellFramed,
  };
};

/** Makes a command with something broken, or one of the things below commands. */
export const socketInput = (
  random: Random,
  round: Round,
  target: CommandTarget,
): CommandInput | HandshakeInput | FramesInput => {
  const dice = random.next();
  if (dice < 0.04) return framesInput(random, round);
  if (dice < 0.05) return handshakeInput(random, round);
  return commandInput(random, round, target);
};
