/** Devices against a model of the server: whatever is lost, late or doubled, they end up equal to it. */
import { expect, it } from '@jest/globals';
import { ME, THEM } from '../test/client-fixtures.js';
import { FakeTimers, nextTurn } from '../test/fake-timers.js';
import { ModelChat, answerOf } from '../test/model-log.js';
import { Random } from '../../../test/support/random.js';
import { SEED, runs } from '../../../test/support/seed.js';
import { ChatError } from './chat-error.js';
import { Synchronizer } from './synchronizer.js';

type Event = () => void;

/** A device that lives through a random history; `settle` lets it come to rest. */
class Story {
  readonly chats = ['a', 'b', 'c'].map((id) => new ModelChat(id));
  readonly sync: Synchronizer;
  private readonly timers = new FakeTimers();
  private readonly late: Event[] = [];
  private isConnected = false;
  private luck = 0.15;

  constructor(private readonly random: Random) {
    this.sync = new Synchronizer({
      timers: this.timers,
      userId: () => ME,
      fetch: async (request) => {
        await this.wait();
        if (this.fails()) throw this.refusal();
        const answer = answerOf(this.chats, request);
        await this.wait();
        if (this.fails()) throw this.refusal();
        return answer;
      },
      onChanged: () => undefined,
      onRemoved: () => undefined,
    });
  }

  /** One thing that happens. */
  async step(): Promise<void> {
    const choice = this.random.next();
    if (choice < 0.7) this.change(this.random.pick(this.chats));
    else if (choice < 0.85) await this.timers.advance(this.random.between(0, 800));
    else if (choice < 0.92) this.late.splice(0).forEach((event) => event());
    else if (this.isConnected) this.disconnect();
    else this.connect();
    if (this.random.next() < 0.5) await nextTurn();
  }

  /** No more failures; what is late comes, and the digest tells how far the chats are. */
  async settle(): Promise<void> {
    this.luck = 0;
    if (!this.isConnected) this.connect();
    await this.rest();
    this.late.splice(0).forEach((event) => event());
    const mine = this.chats.filter(({ isMember }) => isMember);
    this.sync.heardHeads(
      Object.fromEntries(mine.map(({ id, messages, version }) => [id, [messages.length, version]])),
    );
    await this.rest();
    // Names, members and positions have no number: the server hints when their events may be lost.
    this.sync.heardHint(0);
    await this.rest();
  }

  /** Long enough for every pause and every answer. */
  private async rest(): Promise<void> {
    for (let i = 0; i < 200; i += 1) await this.timers.advance(1000);
  }

  private change(chat: ModelChat): void {
    const { random, sync } = this;
    const count = chat.messages.length;
    const seq = count > 0 ? random.between(1, count) : 0;
    const choice = random.next();
    if (!chat.isMember || choice > 0.97) {
      chat.isMember = !chat.isMember;
      this.tell(() => {
        sync.heardState(chat.id, [ME]);
      });
    } else if (choice < 0.5 || seq === 0 || chat.messages[seq - 1]!.isDeleted) {
      // What is deleted for everyone does not change any more.
      const senderId = random.next() < 0.3 ? ME : THEM;
      this.tellMessage(chat, count + 1, { senderId });
    } else if (choice < 0.7) this.tellMessage(chat, seq);
    else if (choice < 0.78) this.tellMessage(chat, seq, { isDeleted: true });
    else if (choice < 0.86) {
      const { id } = chat.write(seq);
      chat.hidden.add(id);
      this.tell(() => {
        sync.heardHidden(chat.id, id);
      });
    } else if (choice < 0.92) {
      const read = Math.max(chat.readSeq, seq);
      chat.readSeq = read;
      this.tell(() => {
        sync.heardPosition(chat.id, ME, 'lastReadSeq', read);
      });
    } else {
      if (choice < 0.94) chat.clearedSeq = Math.max(chat.clearedSeq, seq);
      else chat.name += 1;
      this.tell(() => {
        sync.heardState(chat.id);
      });
    }
  }

  private tellMessage(chat: ModelChat, seq: number, changes: object = {}): void {
    const written = chat.write(seq, changes);
    this.tell(() => {
      this.sync.heardMessage(written);
    });
  }

  /** Most events come at once, some late, some twice, some never. */
  private tell(event: Event): void {
    if (!this.isConnected) return;
    const choice = this.random.next();
    if (choice < 0.1) return;
    if (choice < 0.3) this.late.push(event);
    else event();
    if (choice > 0.9) event();
  }

  private connect(): void {
    this.isConnected = true;
    const connected = async (): Promise<void> => {
      const outcome = await this.sync.connected().then(
        () => true,
        () => false,
      );
      // As the client does it: again while this connection is there.
      if (!outcome && this.isConnected) this.timers.after(500, () => void connected());
    };
    void connected();
  }

  private disconnect(): void {
    this.isConnected = false;
    this.late.length = 0;
    this.sync.disconnected();
  }

  private async wait(): Promise<void> {
    for (let i = this.random.between(0, 3); i > 0; i -= 1) await nextTurn();
  }

  private fails(): boolean {
    return !this.isConnected || this.random.next() < this.luck;
  }

  private refusal(): ChatError {
    return new ChatError({ code: this.isConnected ? 'TIMEOUT' : 'CONNECTION_LOST', message: 'no' });
  }
}

it('ends up equal to the server after any history', async () => {
  for (let round = 0; round < runs(40); round += 1) {
    const story = new Story(new Random(SEED + round));
    for (let i = 0; i < 150; i += 1) await story.step();
    await story.settle();
    for (const chat of story.chats) {
      const store = story.sync.stores.get(chat.id);
      const held = store?.list().map(({ id, version, isDeleted }) => [id, version, isDeleted]);
      const floor = store?.oldestSeq ?? 0;
      const expected = chat
        .visible()
        .filter(({ seq }) => seq >= floor)
        .map(({ id, version, isDeleted }) => [id, version, isDeleted]);
      const state = store && [store.version, store.info?.name, store.hasGap];
      const at = { seed: SEED + round, chat: chat.id };
      expect({ ...at, held, state }).toEqual(
        chat.isMember
          ? { ...at, held: expected, state: [chat.version, String(chat.name), false] }
          : { ...at, held: undefined, state: undefined },
      );
      if (!store) continue;
      expect({ ...at, unread: store.unreadCount() }).toEqual({ ...at, unread: chat.unread() });
    }
  }
}, 120_000);
