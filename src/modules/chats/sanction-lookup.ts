import { LRUCache } from 'lru-cache';
import type { Freshness } from '../../platform/cached-lookup.js';
import { CachedLookup } from '../../platform/cached-lookup.js';
import type { Subscription } from '../../platform/event-bus.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { ChatEvents } from './chats.events.js';
import type { AppliedSanction } from './chats.policy.js';
import type { SanctionKind, SanctionRecord, SanctionsRepository } from './sanctions.repository.js';
import { atMost } from '../../shared/at-most.js';

/** What applies to a user in a chat. */
export type AppliedSanctions = Partial<Record<SanctionKind, AppliedSanction>>;

/** Users of one chat whose sanctions are remembered, and chats of which there are any. */
const MAX_REMEMBERED = { users: 10_000, chats: 1000 };

/**
 * Answers what applies to a user, without I/O where nobody has a sanction: silences and shadows on the server are all
 * in memory, and a chat is asked only when it has had a sanction, which the cached chat says.
 */
export class SanctionLookup {
  private readonly byChat: LRUCache<string, CachedLookup<AppliedSanctions>>;
  /** Silences and shadows on the server, by user. */
  private readonly server = new Map<string, AppliedSanctions>();

  constructor(
    private readonly deps: {
      sanctions: SanctionsRepository;
      clock: Clock;
      /** Confirms what is kept. */
      freshness: Freshness;
      /** For how long a chat's answer is kept at most, in milliseconds. */
      ttl: number;
    },
  ) {
    this.byChat = new LRUCache({
      ...atMost(MAX_REMEMBERED.chats),
      dispose: (ofChat) => {
        ofChat.clear();
      },
    });
  }

  /** The events after which an answer may have changed. */
  get subscriptions(): Subscription<ChatEvents & AccessChangeEvents>[] {
    const shared = {
      phase: 'state',
      on: 'every-node',
      does: 'looks up anew which sanctions apply',
      run: ({ chatId, userId }: { chatId: string | null; userId: string }) =>
        this.changed(chatId, userId),
    } as const;
    return [
      {
        event: 'member.sanctioned',
        ...shared,
        run: ({ chatId, userId, kind, until, reason }) => {
          // At once: what follows in later phases must see it.
          if (chatId === null && kind !== 'ban') {
            const imposed = { until: until === null ? null : new Date(until), reason };
            this.server.set(userId, { ...this.server.get(userId), [kind]: imposed });
          }
          return this.changed(chatId, userId);
        },
      },
      { event: 'member.sanction_lifted', ...shared },
      {
        event: 'access.recheck',
        ...shared,
        run: ({ kind, chatId, userId }) => {
          if (kind === 'silence') return this.changed(null, userId);
          if (kind === 'member' && chatId !== undefined) this.forget(chatId);
          return undefined;
        },
      },
    ];
  }

  /** Reads all silences and shadows on the server; repeated, so that nothing that was missed stays missed. */
  async load(): Promise<void> {
    const rows = await this.deps.sanctions.serverSilences(this.now());
    this.server.clear();
    for (const row of rows) {
      const userId = row.userId.toHexString();
      this.server.set(userId, { ...this.server.get(userId), [row.kind]: applied(row) });
    }
  }

  /** The silence on the server that applies to a user. */
  serverSilence(userId: string): AppliedSanction | undefined {
    const silence = this.server.get(userId)?.silence;
    return silence && this.applies(silence) ? silence : undefined;
  }

  /** Whether what a user writes is for themselves alone, which they are not told. */
  isShadowed(userId: string): boolean {
    const shadow = this.server.get(userId)?.shadow;
    return shadow !== undefined && this.applies(shadow);
  }

  /** What applies to a user in a chat that has had sanctions. */
  async inChat(chatId: string, userId: string): Promise<AppliedSanctions> {
    let ofChat = this.byChat.get(chatId);
    if (!ofChat) {
      ofChat = new CachedLookup({
        maxSize: MAX_REMEMBERED.users,
        sizeCalculation: () => 1,
        ttl: this.deps.ttl,
        freshness: this.deps.freshness,
      });
      this.byChat.set(chatId, ofChat);
    }
    const found = await ofChat.get(userId, () => this.read(chatId, userId));
    const { silence, ban } = found;
    return {
      ...(silence && this.applies(silence) && { silence }),
      ...(ban && this.applies(ban) && { ban }),
    };
  }

  /** Drops what is remembered of a chat. */
  forget(chatId: string): void {
    this.byChat.get(chatId)?.clear();
  }

  private async changed(chatId: string | null, userId: string): Promise<void> {
    if (chatId !== null) {
      this.forget(chatId);
      return;
    }
    const rows = await this.deps.sanctions.applying(null, [userId], this.now());
    const inForce = rows.filter(({ kind }) => kind !== 'ban');
    if (inForce.length === 0) this.server.delete(userId);
    else
      this.server.set(userId, Object.fromEntries(inForce.map((row) => [row.kind, applied(row)])));
  }

  private async read(chatId: string, userId: string): Promise<AppliedSanctions> {
    const rows = await this.deps.sanctions.applying(chatId, [userId], this.now());
    return Object.fromEntries(rows.map((row) => [row.kind, applied(row)]));
  }

  private applies({ until }: AppliedSanction): boolean {
    return until === null || until.getTime() > this.deps.clock.now();
  }

  private now(): Date {
    return new Date(this.deps.clock.now());
  }
}

const applied = ({ until, reason }: SanctionRecord): AppliedSanction => ({ until, reason });
