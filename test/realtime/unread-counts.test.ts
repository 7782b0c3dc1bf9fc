/**
 * Unread counts, held against a model of a few lines over random courses of a chat: messages, reads,
 * deletions for everyone and for oneself, cleared history, blocks, and devices that come and go. Both
 * the lists and every live notification must say exactly what the model says.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SEED, runs } from '../support/seed.js';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, startServer } from '../support/server.js';
import { TestSocket } from '../support/socket.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

/** More than the server looks at one by one. */
const BACKLOG = 210;
/** So many are sent together that the last one is answered in time also on a busy machine. */
const AT_A_TIME = 30;

const person = fc.constantFrom(0, 1);
/** A number that a step turns into a message or a position, whatever there is by then. */
const pick = fc.nat(1000);
/** Which of the two devices of a person does it. */
const via = fc.nat(1);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('send' as const), by: person, via }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('read' as const), by: person, pick, via }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), by: person, pick, via }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('hide' as const), by: person, pick, via }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), by: person }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('block' as const), by: person }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('reconnect' as const), device: fc.nat(3) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface ModelMessage {
  id: string;
  by: number;
  isDeleted: boolean;
  hiddenFor: Set<number>;
}

/** What the acknowledgement of a message says that matters here. */
interface Said {
  id: string;
  seq: number;
}

/** What a chat of two is, in the fewest words. */
class Model {
  readonly messages: ModelMessage[] = [];
  readonly read = [0, 0];
  readonly cleared = [0, 0];
  readonly blocks = new Set<number>();

  unread(who: number): number {
    const from = Math.max(this.read[who]!, this.cleared[who]!);
    return this.messages
      .slice(from)
      .filter(({ by, isDeleted, hiddenFor }) => by !== who && !isDeleted && !hiddenFor.has(who))
      .length;
  }

  visible(who: number): ModelMessage[] {
    return this.messages.slice(this.cleared[who]!).filter(({ hiddenFor }) => !hiddenFor.has(who));
  }
}

/** A chat of two with two devices each, the first one's before the second one's, and what it should be like. */
class Course {
  readonly model = new Model();

  private constructor(
    private readonly people: TestUser[],
    private readonly chatId: string,
    private readonly devices: TestSocket[],
  ) {}

  static async begin(): Promise<Course> {
    const { alice, bob, chatId } = await openDirectChat(server);
    const devices = [alice, alice, bob, bob].map((user) => TestSocket.connect(server, user));
    return new Course([alice, bob], chatId, await Promise.all(devices));
  }

  /** What both have said before anything else happens, unread by either. */
  async sayMuch(): Promise<void> {
    const chatId = this.chatId;
    const said: (Said & { by: number })[] = [];
    for (let from = 0; from < BACKLOG; from += AT_A_TIME) {
      const sends = Array.from({ length: AT_A_TIME }, async (_, k) => {
        const i = from + k;
        const by = i % 3 === 0 ? 0 : 1;
        const payload = { chatId, content: `number ${i}` };
        const ack = await this.deviceOf(by, 0).command<Said>('send_message', payload);
        if (!ack.ok) throw new Error(JSON.stringify(ack));
        return { id: ack.data.id, seq: ack.data.seq, by };
      });
      said.push(...(await Promise.all(sends)));
    }
    for (const { id, by } of said.sort((a, b) => a.seq - b.seq)) {
      this.model.messages.push({ id, by, isDeleted: false, hiddenFor: new Set() });
    }
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'send':
        return this.send(step);
      case 'read': {
        const seq = step.pick % (this.model.messages.length + 1);
        await this.command(step, 'mark_as_read', { chatId: this.chatId, seq });
        this.model.read[step.by] = Math.max(this.model.read[step.by]!, seq);
        return;
      }
      case 'delete': {
        const mine = this.model.visible(step.by).filter(({ by }) => by === step.by);
        const target = mine[step.pick % mine.length];
        if (!target) return;
        await this.command(step, 'delete_message', { messageId: target.id });
        target.isDeleted = true;
        return;
      }
      case 'hide': {
        const seen = this.model.visible(step.by);
        const target = seen[step.pick % seen.length];
        if (!target) return;
        const payload = { messageId: target.id, deleteForEveryone: false };
        await this.command(step, 'delete_message', payload);
        target.hiddenFor.add(step.by);
        return;
      }
      case 'clear':
        await this.call('delete', step.by, '').expect(200);
        this.model.cleared[step.by] = this.model.messages.length;
        return;
      case 'block': {
        const verb = this.model.blocks.has(step.by) ? 'unblock' : 'block';
        await this.call('post', step.by, `/${verb}`).expect(200);
        if (!this.model.blocks.delete(step.by)) this.model.blocks.add(step.by);
        return;
      }
      case 'reconnect': {
        const user = this.people[step.device < 2 ? 0 : 1]!;
        this.devices[step.device]!.close();
        this.devices[step.device] = await TestSocket.connect(server, user);
      }
    }
  }

  async check(): Promise<void> {
    for (const who of [0, 1]) {
      const { body } = await this.call('get', who, '').expect(200);
      expect([who, body.data.unreadCount]).toEqual([who, this.model.unread(who)]);
    }
  }

  end(): void {
    for (const device of this.devices) device.close();
  }

  /** Sends, and waits until every device of the other one has been told the right count. */
  private async send({ by, via }: { by: number; via: number }): Promise<void> {
    const ack = await this.deviceOf(by, via).command<{ id: string }>('send_message', {
      chatId: this.chatId,
      content: `by ${by}`,
    });
    expect([ack.ok, ack.ok ? undefined : ack.error.code]).toEqual(
      this.model.blocks.size === 0 ? [true, undefined] : [false, 'BLOCKED'],
    );
    if (!ack.ok) return;
    const { id } = ack.data;
    this.model.messages.push({ id, by, isDeleted: false, hiddenFor: new Set() });
    const other = 1 - by;
    for (const device of [this.deviceOf(other, 0), this.deviceOf(other, 1)]) {
      const note = await device.next(
        'unread_message',
        ({ message }) => (message as { id: string }).id === id,
      );
      expect(note.unreadCount).toBe(this.model.unread(other));
    }
  }

  private deviceOf(person: number, via: number): TestSocket {
    return this.devices[2 * person + via]!;
  }

  private async command(
    { by, via }: { by: number; via: number },
    event: string,
    payload: object,
  ): Promise<void> {
    expect(await this.deviceOf(by, via).command(event, payload)).toMatchObject({ ok: true });
  }

  private call(method: 'get' | 'post' | 'delete', by: number, path: string) {
    return server.http[method](`/api/chats/${this.chatId}${path}`).set(this.people[by]!.auth);
  }
}

it.each([
  { chat: 'a new chat', isLong: false, courses: runs(4, 15) },
  { chat: 'a chat with many unread messages', isLong: true, courses: runs(1, 5) },
])(
  'unread counts are exact, whatever happens in $chat',
  async ({ isLong, courses }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
        async (steps) => {
          const course = await Course.begin();
          try {
            if (isLong) await course.sayMuch();
            for (const next of steps) {
              await course.take(next);
              await course.check();
            }
          } finally {
            course.end();
          }
        },
      ),
      { seed: SEED, numRuns: courses, endOnFailure: true },
    );
  },
  runs(120_000, 300_000),
);

it('unread counts begin anew for who leaves a room and comes back', async () => {
  const { alice, bob } = await openDirectChat(server);
  const post = (path: string, body: object, user: typeof alice) =>
    server.http.post(path).set(user.auth).send(body);
  const room = `lobby-${alice.id.slice(-8)}`;
  const say = (content: string) => post('/api/messages', { room, content }, alice);
  await say('before anybody came');
  await post(`/api/rooms/${room}/join`, {}, bob);
  const device = await TestSocket.connect(server, bob);
  const countOf = async (content: string) => {
    await say(content);
    const note = await device.next(
      'unread_message',
      ({ message }) => (message as { content: string }).content === content,
    );
    return note.unreadCount;
  };
  expect(await countOf('one')).toBe(1);
  expect(await countOf('two')).toBe(2);
  await post(`/api/rooms/${room}/leave`, {}, bob);
  await post(`/api/rooms/${room}/join`, {}, bob);
  expect(await countOf('three')).toBe(1);
  device.close();
});
