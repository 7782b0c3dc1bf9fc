import { reuse } from './store.js';
import type { Timers } from './timers.js';
import type { Participant, Person, Presence } from './wire.types.js';

/** How long somebody types without saying so again, in milliseconds; the server's own limit is 6 s unless set. */
const TYPING_MS = 7000;

/** Who types in which chat: each for as long as they say so. */
export class TypingUsers {
  private readonly chats = new Map<string, Map<string, { person: Person; cancel: () => void }>>();

  /** @param onChanged who types in a chat is other than before. */
  constructor(
    private readonly timers: Timers,
    private readonly onChanged: (chatId: string) => void,
  ) {}

  /** Who types in a chat, in the order in which they began. */
  in(chatId: string): Person[] {
    return [...(this.chats.get(chatId)?.values() ?? [])].map(({ person }) => person);
  }

  /** Somebody types. */
  started(chatId: string, person: Person): void {
    const typing = this.chats.get(chatId) ?? new Map<string, never>();
    this.chats.set(chatId, typing);
    const before = typing.get(person.id);
    before?.cancel();
    const cancel = this.timers.after(TYPING_MS, () => {
      this.stopped(chatId, person.id);
    });
    typing.set(person.id, { person, cancel });
    if (!before) this.onChanged(chatId);
  }

  /** Somebody has stopped, or has sent what they typed. */
  stopped(chatId: string, userId: string): void {
    const typing = this.chats.get(chatId);
    const entry = typing?.get(userId);
    if (!entry) return;
    entry.cancel();
    typing?.delete(userId);
    this.onChanged(chatId);
  }

  /** The connection is gone: nobody is heard any more. */
  clear(): void {
    for (const [chatId, typing] of this.chats) {
      for (const userId of [...typing.keys()]) this.stopped(chatId, userId);
    }
  }
}

/** What is not known of somebody. */
export const UNKNOWN_PRESENCE: Presence = {
  status: 'offline',
  isOnline: false,
  lastSeen: null,
  customStatus: '',
};

/** Who is there, as far as this device has heard. */
export class PresenceBook {
  private readonly known = new Map<string, Presence>();

  /** Somebody's presence; the same object until it changes. */
  of(userId: string): Presence {
    return this.known.get(userId) ?? UNKNOWN_PRESENCE;
  }

  /** What was heard of somebody; what is not said stays. Answers whether it was news. */
  set(userId: string, heard: Partial<Presence> & Pick<Presence, 'status'>): boolean {
    const before = this.known.get(userId);
    const isOnline = heard.status !== 'offline';
    const now = { ...UNKNOWN_PRESENCE, ...before, ...heard, isOnline };
    if (isOnline) now.lastSeen = null;
    const kept = before ? reuse(before, now) : now;
    this.known.set(userId, kept);
    return kept !== before;
  }

  /** Those who are there, of all; whoever else was thought to be is not. Answers of whom that is news. */
  setOnline(
    people: readonly ({ userId: string } & Pick<Presence, 'status' | 'customStatus'>)[],
  ): Set<string> {
    const online = new Map(
      people.map(({ userId, status, customStatus }) => [userId, { status, customStatus }]),
    );
    const gone = [...this.known].filter(([id, { isOnline }]) => isOnline && !online.has(id));
    for (const [id] of gone)
      online.set(id, { status: 'offline', customStatus: this.of(id).customStatus });
    return new Set([...online].flatMap(([id, heard]) => (this.set(id, heard) ? id : [])));
  }

  /** A participant as they are now. */
  present(participant: Participant): Participant {
    const known = this.known.get(participant.id);
    if (!known) return participant;
    const { status, isOnline, lastSeen } = known;
    return { ...participant, status, isOnline, lastSeen };
  }
}

/** After a reconnection, who is online is asked within this time, in milliseconds: not by all devices at once. */
const REFRESH_SPREAD_MS = 3000;

/** Asks who is there after a reconnection: a sync does not tell that of chats in which nothing else has changed. */
export class PresenceRefresh {
  private cancelWait: (() => void) | undefined;

  /** @param ask asks; where it fails, people are shown as they were until something is heard of them. */
  constructor(
    private readonly timers: Timers,
    private readonly ask: () => Promise<void>,
  ) {}

  /** Asks in a while. */
  begin(): void {
    this.cancel();
    const ask = () => {
      this.ask().catch(() => undefined);
    };
    this.cancelWait = this.timers.after(this.timers.random() * REFRESH_SPREAD_MS, ask, true);
  }

  /** The connection is gone. */
  cancel(): void {
    this.cancelWait?.();
  }
}
