import type { Clock } from '../../shared/clock.js';

/** One socket that is connecting. */
export interface Arrival {
  /** Resolves when it is known which chats the user is in. */
  load(): Promise<void>;
  /** The chats that the user is in now; after `load`. */
  chatIds(): string[];
  /** The socket is in its channel, or has gone. Further calls do nothing. */
  end(): void;
}

/** A user who has joined or left a chat. */
interface Move {
  chatId: string;
  direction: 'in' | 'out';
}

/** What the database said of a user's chats, and how many moves it may have known. */
interface Answer {
  chatIds: Promise<string[]>;
  movesBefore: number;
  at: number;
}

interface Visitor {
  /** Sockets of the user that are connecting. */
  arriving: number;
  answer: Answer | undefined;
  /** What has happened since the user is remembered, in order. */
  moves: Move[];
}

/**
 * How long an answer serves further sockets of the same user, in milliseconds. Moves of the user that this
 * node receives are taken into account, so this only bounds how long one is missed that it did not receive,
 * because Redis was away.
 */
const SHARED_MS = 5000;

/**
 * Sockets that are connecting: they are in no channel yet, so what moves their users between the question
 * for their chats and the answer's use would pass them by. After a network has come back, all devices of
 * a user arrive at once; they share one question. No `CachedLookup`: what happens meanwhile is added to the
 * answer, instead of asking again.
 */
export class PendingJoins {
  private readonly visitors = new Map<string, Visitor>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly clock: Clock) {}

  /**
   * A socket of the user begins to connect.
   *
   * @param chatIdsOf asks the database for the chats of a user.
   */
  begin(userId: string, chatIdsOf: (userId: string) => Promise<string[]>): Arrival {
    const visitor = this.visitor(userId);
    visitor.arriving += 1;
    const { answer } = visitor;
    const isFresh = answer && this.clock.now() - answer.at < SHARED_MS;
    const { chatIds, movesBefore } = isFresh ? answer : this.ask(visitor, chatIdsOf(userId));
    let known: string[] = [];
    let isOver = false;
    return {
      load: async () => {
        known = await chatIds;
      },
      chatIds: () => moved(known, visitor.moves.slice(movesBefore)),
      end: () => {
        if (isOver) return;
        isOver = true;
        visitor.arriving -= 1;
      },
    };
  }

  /** A user has joined or left a chat. */
  move(userId: string, chatId: string, direction: 'in' | 'out'): void {
    this.visitors.get(userId)?.moves.push({ chatId, direction });
  }

  /** Moves may have been missed: the next socket of each user asks again. */
  forget(): void {
    for (const visitor of this.visitors.values()) visitor.answer = undefined;
  }

  private visitor(userId: string): Visitor {
    const known = this.visitors.get(userId);
    if (known) return known;
    const visitor: Visitor = { arriving: 0, answer: undefined, moves: [] };
    this.visitors.set(userId, visitor);
    this.sweepLater();
    return visitor;
  }

  private ask(visitor: Visitor, chatIds: Promise<string[]>): Answer {
    const answer: Answer = {
      chatIds,
      movesBefore: visitor.moves.length,
      at: this.clock.now(),
    };
    visitor.answer = answer;
    answer.chatIds.catch(() => {
      // A failure is no answer; the next socket asks again.
      if (visitor.answer === answer) visitor.answer = undefined;
    });
    return answer;
  }

  private sweepLater(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const oldest = this.clock.now() - SHARED_MS;
      for (const [userId, { arriving, answer }] of this.visitors) {
        if (arriving === 0 && (answer?.at ?? 0) <= oldest) this.visitors.delete(userId);
      }
      if (this.visitors.size > 0) this.sweepLater();
    }, SHARED_MS).unref();
  }
}

/** The chats after what has happened since. */
const moved = (chatIds: string[], moves: Move[]): string[] => {
  if (moves.length === 0) return chatIds;
  const now = new Set(chatIds);
  for (const { chatId, direction } of moves) {
    if (direction === 'in') now.add(chatId);
    else now.delete(chatId);
  }
  return [...now];
};
