import os from 'node:os';
import { MAX_MESSAGE_BYTES } from '../server/message-frame.js';
import { booleanArgument } from './command-arguments.js';
import type { Command, CommandRequest, CommandTable } from './command.types.js';
import { MAX_DOCUMENT_BYTES } from './document-writes.js';
import type { Reply } from './reply.js';
import { MAX_WRITE_BATCH_SIZE } from './write-statements.js';

/** The MongoDB release whose behaviour this database follows. */
const SERVER_VERSION = [7, 0, 0, 0] as const;

/** The newest and oldest wire protocol spoken: MongoDB 7.0 and 3.6. */
const MAX_WIRE_VERSION = 21;
const MIN_WIRE_VERSION = 0;

const HELLO_FIELDS = [
  'helloOk',
  'client',
  'compression',
  'topologyVersion',
  'maxAwaitTimeMS',
  'saslSupportedMechs',
  'speculativeAuthenticate',
  'loadBalanced',
  'hostInfo',
  'forShell',
  'backpressure',
];

const hello: Command = {
  fields: HELLO_FIELDS,
  run: (request) => ({ isWritablePrimary: true, ...helloMembers(request) }),
};

const isMaster: Command = {
  fields: HELLO_FIELDS,
  run: (request) => ({ ismaster: true, isWritablePrimary: true, ...helloMembers(request) }),
};

function helloMembers({ engine, connectionId }: CommandRequest): Reply {
  return {
    helloOk: true,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: MAX_WRITE_BATCH_SIZE,
    localTime: engine.now(),
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: MIN_WIRE_VERSION,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
  };
}

const ping: Command = { fields: [], run: () => ({}) };

const buildInfo: Command = {
  fields: [],
  run: () => ({
    version: SERVER_VERSION.slice(0, 3).join('.'),
    versionArray: [...SERVER_VERSION],
    gitVersion: 'embedded',
    modules: ['parley-embedded'],
    bits: 64,
    debug: false,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    storageEngines: ['sqlite'],
  }),
};

const hostInfo: Command = {
  fields: [],
  run: ({ engine }) => ({
    system: {
      currentTime: engine.now(),
      hostname: os.hostname(),
      cpuAddrSize: 64,
      memSizeMB: Math.round(os.totalmem() / 2 ** 20),
      numCores: os.cpus().length,
      cpuArch: os.arch(),
    },
    os: { type: os.type(), name: os.platform(), version: os.release() },
    extra: {},
  }),
};

const whatsmyuri: Command = { fields: [], run: () => ({ you: 'local' }) };

const connectionStatus: Command = {
  fields: ['showPrivileges'],
  run: ({ body }) => ({
    authInfo: {
      authenticatedUsers: [],
      authenticatedUserRoles: [],
      ...(booleanArgument(body, 'showPrivileges') ? { authenticatedUserPrivileges: [] } : {}),
    },
  }),
};

/** The commands by which a client gets to know the server. */
export const HANDSHAKE_COMMANDS: CommandTable = {
  hello,
  isMaster,
  ismaster: isMaster,
  ping,
  buildInfo,
  buildinfo: buildInfo,
  hostInfo,
  whatsmyuri,
  connectionStatus,
};
