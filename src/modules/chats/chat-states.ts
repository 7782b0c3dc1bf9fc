import { trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { groupBy } from '../../shared/group-by.js';
import type { UserCard } from '../users/index.js';
import type { AccessModels } from './chat-access.js';
import { LARGE_CHAT_MEMBERS } from './chat-access.js';
import type { ChatDoc } from './chat.model.js';
import type { ChatState } from './chat.view.js';
import type { MembershipDoc } from './membership.model.js';

/** Members of one chat, as far as its view shows them. */
interface MemberList {
  shown: MembershipDoc[];
  count: number;
}

/** Members in the order in which they came; the database promises none. */
const inOrder = (rows: MembershipDoc[]): MembershipDoc[] =>
  rows.toSorted((a, b) => a._id.toHexString().localeCompare(b._id.toHexString()));

const isDirect = (chat: ChatDoc): boolean => chat.kind === 'direct';

const otherOf = (chat: ChatDoc, userId: string): string =>
  (chat.participants ?? []).map((id) => id.toHexString()).find((id) => id !== userId) ?? '';

/** Reads what the database has of chats for one of their members. */
export class ChatStates {
  constructor(
    private readonly models: AccessModels,
    private readonly sources: { cards(userIds: string[]): Promise<Map<string, UserCard>> },
  ) {}

  /** What the database says of chats and their members; chats without a membership are left out. */
  async of(
    actor: Actor,
    chats: ChatDoc[],
    memberships: Map<string, MembershipDoc>,
  ): Promise<ChatState[]> {
    const mine = chats.filter((chat) => memberships.has(chat._id.toHexString()));
    const [members, blocked] = await Promise.all([
      this.membersOf(mine),
      this.blockedWith(actor.userId),
    ]);
    const userIds = [
      ...new Set(
        [...members.values()].flatMap((list) => list.shown.map((m) => m.userId.toHexString())),
      ),
    ];
    const cards = await this.sources.cards(userIds);
    return mine.map((chat) => {
      const id = chat._id.toHexString();
      const list = members.get(id) ?? { shown: [], count: 0 };
      return {
        chat,
        membership: memberships.get(id)!,
        memberCount: list.count,
        members: inOrder(list.shown).flatMap(({ userId, role, lastReadSeq, lastDeliveredSeq }) => {
          const card = cards.get(userId.toHexString());
          return card ? [{ card, role, lastReadSeq, lastDeliveredSeq }] : [];
        }),
        isBlocked: chat.kind === 'direct' && blocked.has(otherOf(chat, actor.userId)),
        blockedIds: blocked,
        viewerId: actor.userId,
      };
    });
  }

  /** A user's memberships by chat id, of all chats or of those named. */
  async membershipsOf(
    userId: string,
    chatIds?: ChatDoc['_id'][],
  ): Promise<Map<string, MembershipDoc>> {
    const rows = await this.models.memberships
      .find({ userId: objectId(userId), ...(chatIds && { chatId: trusted({ $in: chatIds }) }) })
      .lean();
    return new Map(rows.map((row) => [row.chatId.toHexString(), row]));
  }

  private async membersOf(chats: ChatDoc[]): Promise<Map<string, MemberList>> {
    const small = await this.models.memberships
      .find({ chatId: trusted({ $in: chats.filter(isDirect).map((chat) => chat._id) }) })
      .lean();
    const lists = new Map<string, MemberList>();
    for (const [id, rows] of groupBy(small, (row) => row.chatId.toHexString())) {
      lists.set(id, { shown: rows, count: rows.length });
    }
    const others = chats.filter((chat) => !isDirect(chat));
    await Promise.all(
      others.map(async (chat) => {
        lists.set(chat._id.toHexString(), await this.memberList(chat._id));
      }),
    );
    return lists;
  }

  /** The members that a view of a group or room shows, and how many there are. */
  private async memberList(chatId: ChatDoc['_id']): Promise<MemberList> {
    const rows = await this.models.memberships
      .find({ chatId })
      .limit(LARGE_CHAT_MEMBERS + 1)
      .lean();
    if (rows.length <= LARGE_CHAT_MEMBERS) return { shown: rows, count: rows.length };
    return { shown: [], count: await this.models.memberships.countDocuments({ chatId }) };
  }

  /** Whom the user has blocked, and who has blocked the user. */
  private async blockedWith(userId: string): Promise<Set<string>> {
    const me = objectId(userId);
    const blocks = await this.models.blocks
      .find({ $or: [{ blockerId: me }, { blockedId: me }] })
      .lean();
    return new Set(
      blocks.map((block) =>
        (block.blockerId.equals(me) ? block.blockedId : block.blockerId).toHexString(),
      ),
    );
  }
}
