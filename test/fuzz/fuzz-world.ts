/** The server under fuzzing, the people who attack it, and two who only want their chat left alone. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import type { Surface } from '../../scripts/api-documentation.js';
import { settings } from '../../src/config/index.js';
import type { AnyRoute } from '../../src/transport/http/route.js';
import type { AnyCommand } from '../../src/transport/socket/command.js';
import { endingRoutes } from '../contract/samples/core.samples.js';
import { commandSamples, routeSamples } from '../contract/samples/index.js';
import type { SampleRequest, SampleWorld } from '../contract/samples/sample.js';
import { newService } from '../contract/samples/world.js';
import { ADMIN_ENV, loginAdmin } from '../support/admin.js';
import type { MailServer } from '../support/mail-server.js';
import { startMailServer } from '../support/mail-server.js';
import type { ParleyProcess } from '../support/parley-process.js';
import { startParley } from '../support/parley-process.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser } from '../support/server.js';
import { TestSocket } from '../support/socket.js';
import type { Delays } from './bystander.js';
import { membersOf, namesIn } from './plausible.js';

/** A request that works, of a route; its caller is not needed for anything else when `isSpent`. */
export interface RouteTarget {
  name: string;
  route: AnyRoute;
  members: Record<'params' | 'query' | 'body', ReturnType<typeof membersOf>>;
  request: SampleRequest;
  caller: TestUser;
  isForm: boolean;
  isSpent: boolean;
}

/** A socket command that works. */
export interface CommandTarget {
  name: string;
  command: AnyCommand;
  members: ReturnType<typeof membersOf>;
  payload: Record<string, unknown>;
  caller: TestUser;
}

/** What the inputs of a round are made of. */
export interface Round {
  /** Alice, Bob and the stranger; whoever calls somewhere else than they should is one of them. */
  people: TestUser[];
  admin: TestUser;
  chatId: string;
  routes: RouteTarget[];
  commands: CommandTarget[];
  /** Names of members that any input has. */
  names: string[];
  /** Ids that this caller tries. */
  idsFor(caller: TestUser | undefined): readonly string[];
}

/** Nothing waits for a limit, and nothing is shed because the fuzzer shares the processor. */
const OPEN = Object.fromEntries(
  Object.values(settings)
    .filter(({ env }) =>
      /^(RATE_LIMIT_|(HTTP_)?CONNECTIONS_PER_|USER_CONCURRENCY$|OVERLOAD_LAG_MS$)/.test(env),
    )
    .map(({ env }) => [env, '0']),
);

const PDF = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');
const UNTOUCHED_MESSAGES = 5;

interface LogLine {
  level: number;
  msg?: string;
}

/** Parley in a process of its own, on an embedded database in a folder of its own. */
export class FuzzServer {
  private constructor(
    private readonly process: ParleyProcess,
    private readonly folder: string,
    /** Where the server's mails go. */
    readonly mails: MailServer,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<FuzzServer> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-fuzz-'));
    const mails = await startMailServer();
    const started = await startParley(
      {
        NODE_ENV: 'development',
        LOG_LEVEL: 'warn',
        BCRYPT_ROUNDS: '4',
        JWT_SECRET: 'a secret that is only used by the fuzzer',
        DATA_DIR: folder,
        MONGODB_URI: '',
        ...OPEN,
        ...ADMIN_ENV,
        SMTP_URL: mails.url,
        PUBLIC_URL: 'https://chat.example.com',
        ...env,
      },
      './test/fuzz/loop-delay.mjs',
    );
    return new FuzzServer(started, folder, mails);
  }

  get url(): string {
    return this.process.url;
  }

  get isAlive(): boolean {
    const { exitCode, signalCode } = this.process.child;
    return exitCode === null && signalCode === null;
  }

  /** The part of a test server that the samples and helpers use. */
  asTestServer(): TestServer {
    return { url: this.url, http: supertest(this.url) } as unknown as TestServer;
  }

  /** What the log says beyond warnings. */
  errors(): string[] {
    return this.process
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && (JSON.parse(line) as LogLine).level >= 50);
  }

  /** How late the event loop of the program has been. */
  async loopDelays(): Promise<Delays> {
    const { child } = this.process;
    const answered = once(child, 'message') as Promise<[Delays]>;
    child.send('delays');
    return (await answered)[0];
  }

  /** Everything that was printed at the end of the run. */
  tail(): string {
    return this.process.output().slice(-4000);
  }

  /** Ends the process as an operator would, and removes its data; gives the exit code. */
  async stop(): Promise<number | null> {
    const code = await this.process.stop('SIGTERM');
    await this.mails.close();
    await rm(this.folder, { recursive: true, force: true });
    return code;
  }
}

/** Every 24-digit id, and every id in a list or a key, that a value holds. */
const idsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return /^[0-9a-f]{24}$/.test(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [...idsIn(key), ...idsIn(member)]);
};

/**
 * Two people and their chat, whom the fuzzer's callers know by id only. What they have must be the same
 * before and after.
 */
export class Witnesses {
  private constructor(
    private readonly server: TestServer,
    private readonly ann: TestUser,
    private readonly ben: TestUser,
    private readonly chatId: string,
    private readonly fileId: string,
    /** Ids that attackers may try: the people's, the chat's, its messages' and its file's. */
    readonly ids: string[],
  ) {}

  static async settle(server: TestServer): Promise<Witnesses> {
    const { alice: ann, bob: ben, chatId } = await openDirectChat(server);
    const ids = [ann.id, ben.id, chatId];
    for (let i = 0; i < UNTOUCHED_MESSAGES; i++) {
      const sent = await server.http
        .post('/api/messages')
        .set((i % 2 === 0 ? ann : ben).auth)
        .send({ chatId, content: `between us ${i}` })
        .expect(201);
      ids.push((sent.body as { data: { id: string } }).data.id);
    }
    const shared = await server.http
      .post('/api/files/upload')
      .set(ann.auth)
      .attach('file', PDF, 'ours.pdf')
      .field('chatId', chatId)
      .expect(201);
    const { fileId, messageId } = (shared.body as { data: { fileId: string; messageId: string } })
      .data;
    return new Witnesses(server, ann, ben, chatId, fileId, [...ids, fileId, messageId]);
  }

  /** Their chat, its messages and its file, as far as nothing may change about them. */
  async snapshot(): Promise<string> {
    const get = (path: string) => this.server.http.get(path).set(this.ben.auth).expect(200);
    const [chat, messages, file] = await Promise.all([
      get(`/api/chats/${this.chatId}`),
      get(`/api/chats/${this.chatId}/messages?limit=100`),
      get(`/media/${this.fileId}`).responseType('blob'),
    ]);
    const told = JSON.stringify([chat.body.data, messages.body.data], (_, value: unknown) =>
      // The address of a file is signed anew for every answer.
      typeof value === 'string' && value.includes('/media/') ? value.split('?')[0] : value,
    );
    return `${told} ${createHash('sha256')
      .update(file.body as Buffer)
      .digest('hex')}`;
  }

  /** Sends a message; resolves when the other side has heard it live, rejects when it does not. */
  async talk(): Promise<void> {
    const [ann, ben] = await Promise.all([
      TestSocket.connect(this.server, this.ann),
      TestSocket.connect(this.server, this.ben),
    ]);
    try {
      await ben.command('join_chat', { chatId: this.chatId });
      const content = 'still here';
      const ack = await ann.command('send_message', { chatId: this.chatId, content });
      if (!ack.ok) throw new Error(`a send was refused: ${JSON.stringify(ack.error)}`);
      await ben.next('message_received', (message) => message.content === content);
    } finally {
      ann.close();
      ben.close();
    }
  }
}

/** Routes that end the login that calls them. */
const endingRequest = (name: string): SampleRequest => {
  if (name === 'post /api/auth/change-password') {
    return { body: { currentPassword: 'test123', newPassword: 'test1234' } };
  }
  if (name === 'post /api/auth/totp/disable') {
    return { body: { password: 'test123', code: '123456' } };
  }
  return name.startsWith('post /api/auth/totp/') ? { body: { code: '123456' } } : {};
};

/** Lets new people in, and builds a request that works for every route and command. */
export const prepareRound = async (
  server: TestServer,
  mails: MailServer,
  { routes, commands }: Surface,
  witnesses: Witnesses,
): Promise<Round> => {
  const { alice, bob, chatId } = await openDirectChat(server);
  const stranger = await registerUser(server);
  const admin = await loginAdmin(server);
  const service = await newService(server, admin);
  const world: SampleWorld = {
    server,
    mails,
    alice,
    bob,
    stranger,
    admin,
    service,
    chatId,
    newUser: () => registerUser(server),
    newMessage: async () => {
      const sent = await server.http
        .post('/api/messages')
        .set(alice.auth)
        .send({ chatId, content: 'a message to work on' })
        .expect(201);
      return (sent.body as { data: { id: string } }).data.id;
    },
  };

  const routeTargets: RouteTarget[] = [];
  for (const route of routes) {
    const name = `${route.method} ${route.path}`;
    const sample = routeSamples[name];
    const isSpent = endingRoutes.has(name);
    if (!sample && !isSpent) throw new Error(`${name} has no sample in test/contract/samples`);
    const caller = isSpent ? await world.newUser() : world[sample?.by ?? 'alice'];
    routeTargets.push({
      name,
      route,
      members: {
        params: membersOf(route.params),
        query: membersOf(route.query),
        body: membersOf(route.body),
      },
      request: sample ? await sample.request(world) : endingRequest(name),
      caller,
      isForm: sample?.isForm ?? false,
      isSpent,
    });
  }
  // Where a signed address is needed, the server gives one.
  const upload = routeTargets.find(({ name }) => name === 'post /api/media/direct-upload');
  if (upload) {
    const token = await server.http
      .get('/api/media/get-upload-token')
      .query({ chatId })
      .set(alice.auth)
      .expect(200);
    const { uploadUrl } = (token.body as { data: { uploadUrl: string } }).data;
    upload.request = { query: Object.fromEntries(new URLSearchParams(uploadUrl.split('?')[1])) };
  }
  const commandTargets: CommandTarget[] = [];
  for (const command of commands) {
    const name = `${command.dialect} ${command.event}`;
    const sample = commandSamples[name];
    if (!sample) throw new Error(`${name} has no sample in test/contract/samples`);
    commandTargets.push({
      name,
      command,
      members: membersOf(command.schema),
      payload: await sample.payload(world),
      caller: world[sample.by ?? 'alice'],
    });
  }

  const people = [alice, bob, stranger];
  const usable = [
    ...idsIn(routeTargets.map(({ request }) => request)),
    ...idsIn(commandTargets.map(({ payload }) => payload)),
  ];
  // An admin and a server may do anything to anybody: not to those whom the rest of the run needs.
  const needed = new Set([...people, admin, service].map(({ id }) => id));
  const forAdmin = usable.filter((id) => !needed.has(id));
  const forPeople = [...usable, ...needed, ...witnesses.ids];
  const names = new Set(
    [
      ...routeTargets.flatMap(({ members }) => Object.values(members)),
      ...commandTargets.map(({ members }) => members),
    ].flatMap(namesIn),
  );
  return {
    people,
    admin,
    chatId,
    routes: routeTargets,
    commands: commandTargets,
    names: [...names],
    idsFor: (caller) => (caller === admin || caller === service ? forAdmin : forPeople),
  };
};
