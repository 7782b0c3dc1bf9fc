import type { Publisher, Subscription } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import type { ViewerCounts, ViewingEvents } from './presence.events.js';

/** From more onlookers than this on, comings and goings are told as a count. */
export const CROWD = 100;
/** How often a count is told at most, in milliseconds. */
const TELL_EVERY_MS = 1000;
/** How often a node repeats its counts, and how long the others believe them, in milliseconds. */
const REPEAT_MS = 20_000;
const BELIEVED_MS = 3 * REPEAT_MS;
/** Fewer onlookers on a node than this are not repeated: they make no crowd. */
const REPEATED_FROM = 10;

/** What another node has said of its onlookers. */
interface OtherNode {
  counts: Map<string, number>;
  heardAt: number;
}

/**
 * Counts who looks at each chat, over all nodes, and tells the count of crowds to those who look: told one by one,
 * the comings and goings of a crowd would cost its square. A member who looks on devices of two nodes counts twice.
 */
export class Onlookers {
  /** Those whose coming was counted here, by chat. */
  private readonly here = new Map<string, Set<string>>();
  private readonly others = new Map<string, OtherNode>();
  /** Crowded chats whose count here the other nodes have not heard. */
  private readonly changedHere = new Set<string>();
  /** Chats whose count is told in a moment. */
  private readonly due = new Map<string, NodeJS.Timeout>();
  /** What was told last, by chat. */
  private readonly told = new Map<string, number>();

  constructor(
    private readonly deps: {
      nodeId: string;
      bus: Publisher<ViewingEvents>;
      clock: Clock;
      /** Settable for tests. */
      tellEveryMs?: number;
    },
  ) {}

  readonly subscriptions: Subscription<ViewingEvents>[] = [
    ...(['chat.opened', 'chat.closed'] as const).map(
      (event) =>
        ({
          event,
          phase: 'state',
          on: 'every-node',
          does: 'counts who looks at the chat on other nodes',
          run: ({ viewers }) => {
            this.hear(viewers);
          },
        }) satisfies Subscription<ViewingEvents>,
    ),
    {
      event: 'viewers.counted',
      phase: 'state',
      on: 'every-node',
      does: 'counts who looks at the chats on other nodes',
      run: (viewers) => {
        this.hear(viewers);
      },
    },
  ];

  /**
   * Counts a member of this node in or out.
   *
   * @returns whether it is to be told by itself; the counts of this node for the event. Undefined when it was counted
   *   before.
   */
  note(userId: string, chatId: string, isOpen: boolean): ViewerCounts | 'crowd' | undefined {
    const known = this.here.get(chatId) ?? new Set<string>();
    const before = this.count(chatId);
    if (isOpen === known.has(userId)) return undefined;
    if (isOpen) this.here.set(chatId, known.add(userId));
    else known.delete(userId);
    if (known.size === 0) this.here.delete(chatId);
    if (Math.max(before, this.count(chatId)) <= CROWD) return this.countsOf([[chatId, known]]);
    this.changedHere.add(chatId);
    this.tellSoon(chatId);
    return 'crowd';
  }

  /** How many look at a chat, as far as this node has heard. */
  count(chatId: string): number {
    let total = this.here.get(chatId)?.size ?? 0;
    for (const { counts } of this.others.values()) total += counts.get(chatId) ?? 0;
    return total;
  }

  /** Tells the other nodes the counts of this one again, and forgets nodes that have fallen silent. */
  readonly repeat = (): Promise<void> => {
    const now = this.deps.clock.now();
    for (const [nodeId, { heardAt }] of this.others) {
      if (now - heardAt > BELIEVED_MS) this.others.delete(nodeId);
    }
    const many = [...this.here].filter(([, users]) => users.size >= REPEATED_FROM);
    this.deps.bus.emit('viewers.counted', this.countsOf(many), { scope: 'cluster' });
    for (const chatId of this.told.keys()) this.tellSoon(chatId);
    return Promise.resolve();
  };

  /** How often {@link repeat} runs, in milliseconds. */
  readonly repeatMs = REPEAT_MS;

  /** Tells nothing any more. */
  close(): void {
    for (const timer of this.due.values()) clearTimeout(timer);
    this.due.clear();
  }

  private countsOf(chats: [string, Set<string>][]): ViewerCounts {
    const { nodeId } = this.deps;
    return { nodeId, counts: chats.map(([chatId, users]) => [chatId, users.size]) };
  }

  private hear({ nodeId, counts }: ViewerCounts): void {
    if (nodeId === this.deps.nodeId) return;
    const node = this.others.get(nodeId) ?? { counts: new Map<string, number>(), heardAt: 0 };
    node.heardAt = this.deps.clock.now();
    this.others.set(nodeId, node);
    for (const [chatId, count] of counts) {
      const before = this.count(chatId);
      if (count > 0) node.counts.set(chatId, count);
      else node.counts.delete(chatId);
      const isCrowd = Math.max(before, this.count(chatId)) > CROWD;
      if (isCrowd && this.here.has(chatId)) this.tellSoon(chatId);
    }
  }

  private tellSoon(chatId: string): void {
    if (this.due.has(chatId)) return;
    const timer = setTimeout(() => {
      this.due.delete(chatId);
      this.tell(chatId);
    }, this.deps.tellEveryMs ?? TELL_EVERY_MS);
    timer.unref();
    this.due.set(chatId, timer);
  }

  /** Tells the other nodes this one's count, and those who look here the sum. */
  private tell(chatId: string): void {
    const { bus } = this.deps;
    const users = this.here.get(chatId) ?? new Set<string>();
    const count = this.count(chatId);
    const last = this.told.get(chatId);
    if (count > CROWD) this.told.set(chatId, count);
    else this.told.delete(chatId);
    // Only then: nodes that answered each other's counts with theirs would never end.
    if (this.changedHere.delete(chatId)) {
      bus.emit('viewers.counted', this.countsOf([[chatId, users]]), { scope: 'cluster' });
    }
    if (count === last) return;
    bus.emit(
      'viewers.changed',
      { chatId, count, audience: audiences.viewers(chatId) },
      { scope: 'node' },
    );
  }
}
