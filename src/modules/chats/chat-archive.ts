import { trusted } from 'mongoose';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { notFound } from '../../shared/errors.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { AccessModels } from './chat-access.js';
import type { ChatList } from './chat-list.js';
import type { ChatDoc } from './chat.model.js';
import type { ChatView } from './chat.view.js';
import { isArchived, isHidden } from './chat.view.js';
import type { MembershipDoc } from './membership.model.js';

/** Notes what admins look at. */
export interface AuditLog {
  record(actor: Actor, action: string, subject: string): Promise<void>;
}

/** What the archive is built from. */
export interface ChatArchiveParts {
  models: AccessModels;
  list: ChatList;
  users: { exists(userId: string): Promise<boolean> };
  audit: AuditLog;
  clock: Clock;
  /** Makes the cached newest messages of the lists catch up with what this node has written. */
  settlePreviews(): Promise<void>;
}

interface ChatPage {
  views: ChatView[];
  pagination: Pagination;
}

/** Lists chats that the active list does not show: archived ones, and all of a user. */
export class ChatArchive {
  constructor(private readonly parts: ChatArchiveParts) {}

  /** The actor's archived chats, newest activity first. */
  async archived(actor: Actor, page: PageQuery): Promise<ChatPage> {
    const memberships = await this.parts.list.states.membershipsOf(actor.userId);
    const now = this.parts.clock.now();
    return this.page(actor, memberships, page, (chat, membership) =>
      isArchived(chat, membership, now),
    );
  }

  /**
   * A user's chats: all of the actor's own, those that the actor shares with another, and for admins
   * all of anybody, as that user sees them. What a user has deleted is not shown for them.
   *
   * @throws {AppError} NOT_FOUND for an unknown user.
   */
  async ofUser(actor: Actor, userId: string, page: PageQuery): Promise<ChatPage> {
    const { audit, list, users } = this.parts;
    if (userId === actor.userId) {
      return this.page(actor, await list.states.membershipsOf(userId), page, () => true);
    }
    if (!(await users.exists(userId))) throw notFound('User');
    const theirs = await list.states.membershipsOf(userId);
    if (actor.role === 'admin') {
      await audit.record(actor, 'chats.read_history', userId);
      return this.page({ ...actor, userId }, theirs, page, () => true);
    }
    const mine = await list.states.membershipsOf(actor.userId);
    return this.page(actor, mine, page, (chat) => theirs.has(chat._id.toHexString()));
  }

  private async page(
    viewer: Actor,
    memberships: Map<string, MembershipDoc>,
    page: PageQuery,
    isWanted: (chat: ChatDoc, membership: MembershipDoc) => boolean,
  ): Promise<ChatPage> {
    await this.parts.settlePreviews();
    const chats = await this.parts.models.chats
      .find({ _id: trusted({ $in: [...memberships.values()].map(({ chatId }) => chatId) }) })
      .sort({ lastMessageAt: -1, _id: -1 })
      .lean();
    const wanted = chats.filter((chat) => {
      const membership = memberships.get(chat._id.toHexString());
      return membership && !isHidden(chat, membership) && isWanted(chat, membership);
    });
    const start = (page.page - 1) * page.limit;
    const shown = wanted.slice(start, start + page.limit);
    return {
      views: await this.parts.list.views(viewer, shown, memberships),
      pagination: paginate(page, wanted.length),
    };
  }
}
