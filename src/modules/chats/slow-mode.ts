import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { ChatAccessGrant } from './chat-access.js';
import { isModerator } from './chats.policy.js';
import type { MembershipsRepository } from './memberships.repository.js';

/** Gives a turn back, because its message was not written. */
export type GiveBack = () => Promise<void>;

/**
 * Makes plain members of a chat in slow mode wait between two messages. The membership has the time of the last
 * one, and one conditional write takes the turn, so that it holds over all nodes.
 */
export class SlowMode {
  constructor(
    private readonly memberships: Pick<
      MembershipsRepository,
      'giveBackPost' | 'lastPostAt' | 'takePost'
    >,
    private readonly clock: Clock,
  ) {}

  /** Whether the chat makes this member wait. */
  applies({ chat, role }: ChatAccessGrant, actor: Actor): boolean {
    return chat.slowModeSeconds > 0 && !isModerator({ actor, role, kind: chat.kind });
  }

  /**
   * Takes the member's turn.
   *
   * @throws {AppError} SLOW_MODE with the seconds to wait.
   */
  async take({ chat }: ChatAccessGrant, { userId }: Actor): Promise<GiveBack> {
    const { clock, memberships } = this;
    const now = clock.now();
    const pauseMs = chat.slowModeSeconds * 1000;
    const at = new Date(now);
    const before = await memberships.takePost(chat.id, userId, at, new Date(now - pauseMs));
    if (before === undefined) {
      const last = await memberships.lastPostAt(chat.id, userId);
      // The other turn may have been taken after this call began, or by a node whose clock is ahead.
      const waitMs = Math.min(pauseMs, (last?.getTime() ?? now) + pauseMs - now);
      throw new AppError('SLOW_MODE', 'This chat is in slow mode: wait before you write again', {
        retryAfter: Math.max(1, Math.ceil(waitMs / 1000)),
      });
    }
    return () => memberships.giveBackPost(chat.id, userId, at, before);
  }
}
