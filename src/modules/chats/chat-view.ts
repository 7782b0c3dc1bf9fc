import type { Types } from 'mongoose';
import type { Actor } from '../../shared/actor.js';
import type { UserCard } from '../users/index.js';
import type { BlockedUsers, UserBlocks } from './blocked-users.js';
import { LARGE_CHAT_MEMBERS } from './chat-access.js';
import type { ChatJoinsRepository, UnreadChat } from './chat-joins.repository.js';
import type { ChatRecord } from './chats.repository.js';
import type { MembershipRecord, MembershipsRepository } from './memberships.repository.js';

/** Whether somebody is online, as the people who share a chat may see it. */
export interface PresenceState {
  status: 'online' | 'away' | 'busy' | 'offline';
  /** When they were last connected; null when never, or while they are online. */
  lastSeen: string | null;
}

/** A member as a view shows them, with their receipt positions. */
export interface ViewMember {
  card: UserCard;
  role: MembershipRecord['role'];
  presence: PresenceState;
  lastReadSeq: number;
  lastDeliveredSeq: number;
}

/** A chat and its members, as the database has them for one member. */
export interface ChatState {
  chat: ChatRecord;
  membership: MembershipRecord;
  /** The members that are shown: all of a small chat, none of a large one. */
  members: Omit<ViewMember, 'presence'>[];
  memberCount: number;
  /** Whether either of the two people of a direct chat has blocked the other. */
  isBlocked: boolean;
  /** The viewer's: in groups, who has a block with somebody does not see when they come, type and read. */
  blocks: UserBlocks;
  viewerId: string;
}

/** Everything the presenter needs to show one chat to one member. */
export interface ChatView extends ChatState {
  members: ViewMember[];
  /** False for the system, and for an admin of the system who reads a room without having joined it. */
  isMember: boolean;
  unreadCount: number;
  /** Unread messages that mention the viewer. */
  mentionCount: number;
}

/** Whether the chat is archived now: a newer message brings it back, unless it is muted. */
export const isArchived = (
  chat: Pick<ChatRecord, 'lastSeq'>,
  membership: Pick<MembershipRecord, 'archivedSeq' | 'mutedUntil'>,
  now: number,
): boolean =>
  membership.archivedSeq !== null &&
  (isMuted(membership, now) || chat.lastSeq <= membership.archivedSeq);

/** Whether the member has muted the chat at this time. */
export const isMuted = (membership: Pick<MembershipRecord, 'mutedUntil'>, now: number): boolean =>
  membership.mutedUntil !== null && membership.mutedUntil.getTime() > now;

/** Whether the member has deleted the chat and nothing has come since. */
export const isHidden = (
  chat: Pick<ChatRecord, 'lastSeq'>,
  membership: Pick<MembershipRecord, 'hiddenSeq'>,
): boolean => membership.hiddenSeq !== null && chat.lastSeq <= membership.hiddenSeq;

/** Up to where the member has read, as the member's own devices know it. */
export const readSeqOf = ({
  lastReadSeq,
  privateReadSeq = 0,
}: Pick<MembershipRecord, 'lastReadSeq' | 'privateReadSeq'>): number =>
  Math.max(lastReadSeq, privateReadSeq);

/** Members of one chat, as far as its view shows them. */
interface MemberList {
  shown: MembershipRecord[];
  count: number;
}

/** Some members of each chat, by chat id: one more than a view shows, where there are more. */
export type MemberRows = Map<string, MembershipRecord[]>;

/** A user's chats as they were read. */
export interface OwnChats {
  /** Newest activity first. */
  chats: ChatRecord[];
  memberships: Map<string, MembershipRecord>;
  members: MemberRows | undefined;
}

/** Reads what the database has of chats for one of their members. */
export class ChatStates {
  constructor(
    private readonly memberships: MembershipsRepository,
    private readonly joins: ChatJoinsRepository,
    private readonly blocked: Pick<BlockedUsers, 'of'>,
    private readonly directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> },
    private readonly ownership: { ensure(chatId: string): Promise<void> },
  ) {}

  /**
   * Chats and their members as stored; chats without a membership are left out.
   *
   * @param rows the members, where they have been read with the chats.
   */
  async of(
    actor: Actor,
    chats: ChatRecord[],
    memberships: Map<string, MembershipRecord>,
    rows?: MemberRows,
  ): Promise<ChatState[]> {
    const mine = chats.filter((chat) => memberships.has(chat._id.toHexString()));
    const [members, blocked] = await Promise.all([
      this.membersOf(mine, rows),
      this.blocked.of(actor.userId),
    ]);
    const userIds = new Set(
      [...members.values()].flatMap(({ shown }) => shown.map((m) => m.userId.toHexString())),
    );
    const cards = await this.directory.cards([...userIds]);
    await this.giveOwners(mine, members, cards);
    return mine.map((chat) => {
      const id = chat._id.toHexString();
      const list = members.get(id) ?? { shown: [], count: 0 };
      const membership = memberships.get(id)!;
      return {
        chat,
        // Read before the members, so the role may have changed.
        membership: {
          ...membership,
          role: list.shown.find(({ _id }) => _id.equals(membership._id))?.role ?? membership.role,
        },
        memberCount: list.count,
        members: inOrder(list.shown).flatMap(({ userId, role, lastReadSeq, lastDeliveredSeq }) => {
          const card = cards.get(userId.toHexString());
          return card ? [{ card, role, lastReadSeq, lastDeliveredSeq }] : [];
        }),
        isBlocked: isDirect(chat) && blocked.withUser.has(otherOf(chat, actor.userId)),
        blocks: blocked,
        viewerId: actor.userId,
      };
    });
  }

  /** A user's memberships by chat id, of all chats or of those named. */
  async membershipsOf(
    userId: string,
    chatIds?: Types.ObjectId[],
  ): Promise<Map<string, MembershipRecord>> {
    const rows = await this.memberships.ofUser(userId, chatIds);
    return new Map(rows.map((row) => [row.chatId.toHexString(), row]));
  }

  /** A user's chats, all or those named, by one query; with their members on request. */
  async ownChats(
    userId: string,
    { chatIds, withMembers = false }: { chatIds?: Types.ObjectId[]; withMembers?: boolean } = {},
  ): Promise<OwnChats> {
    const joined = await this.joins.ofUser(userId, {
      chatIds,
      ...(withMembers && { members: LARGE_CHAT_MEMBERS + 1 }),
    });
    const byId = <T>(value: (row: (typeof joined)[number]) => T) =>
      new Map(joined.map((row) => [row.chat._id.toHexString(), value(row)]));
    return {
      chats: joined.map(({ chat }) => chat),
      memberships: byId(({ membership }) => membership),
      members: withMembers ? byId(({ members = [] }) => members) : undefined,
    };
  }

  /** A page of a user's active chats with their members, by one query; and how many active chats there are. */
  async activePage(
    actor: Actor,
    page: { at: Date; skip: number; limit: number },
  ): Promise<{ states: ChatState[]; total: number }> {
    const { rows, total } = await this.joins.activePage(actor.userId, {
      ...page,
      members: LARGE_CHAT_MEMBERS + 1,
    });
    const byId = <T>(value: (row: (typeof rows)[number]) => T) =>
      new Map(rows.map((row) => [row.chat._id.toHexString(), value(row)]));
    const states = await this.of(
      actor,
      rows.map(({ chat }) => chat),
      byId(({ membership }) => membership),
      byId(({ members = [] }) => members),
    );
    return { states, total };
  }

  /** Where a user may have something unread, by one query: chats that are read to their end are not told. */
  unreadOf(userId: string): Promise<UnreadChat[]> {
    return this.joins.unreadOf(userId);
  }

  /** Gives groups whose owners have all closed their accounts a new owner, and reads them again. */
  private async giveOwners(
    chats: ChatRecord[],
    lists: Map<string, MemberList>,
    cards: Map<string, UserCard>,
  ): Promise<void> {
    const isOpen = ({ userId }: MembershipRecord) =>
      cards.get(userId.toHexString())?.isDeactivated !== true;
    for (const { _id, kind } of chats) {
      const shown = lists.get(_id.toHexString())?.shown.filter(isOpen) ?? [];
      if (kind !== 'group' || shown.length === 0) continue;
      if (shown.some(({ role }) => role === 'owner')) continue;
      await this.ownership.ensure(_id.toHexString());
      const rows = await this.memberships.inChat(_id, LARGE_CHAT_MEMBERS + 1);
      lists.set(_id.toHexString(), await this.memberList(_id, rows));
    }
  }

  private async membersOf(
    chats: ChatRecord[],
    rows?: MemberRows,
  ): Promise<Map<string, MemberList>> {
    const read = rows ?? (await this.rowsOf(chats));
    const lists = await Promise.all(
      chats.map(async ({ _id }) => {
        const id = _id.toHexString();
        return [id, await this.memberList(_id, read.get(id) ?? [])] as const;
      }),
    );
    return new Map(lists);
  }

  private async rowsOf(chats: ChatRecord[]): Promise<MemberRows> {
    const ids = chats.map(({ _id }) => _id);
    const joined = await this.joins.withMembers(ids, LARGE_CHAT_MEMBERS + 1);
    return new Map(joined.map(({ chat, members }) => [chat._id.toHexString(), members]));
  }

  /** The members that a view of a chat shows, and how many there are. */
  private async memberList(chatId: Types.ObjectId, rows: MembershipRecord[]): Promise<MemberList> {
    if (rows.length <= LARGE_CHAT_MEMBERS) return { shown: rows, count: rows.length };
    return { shown: [], count: await this.memberships.count(chatId) };
  }
}

/** Members in the order in which they joined; the database guarantees none. */
const inOrder = (rows: MembershipRecord[]): MembershipRecord[] =>
  rows.toSorted((a, b) => a._id.toHexString().localeCompare(b._id.toHexString()));

const isDirect = (chat: ChatRecord): boolean => chat.kind === 'direct';

const otherOf = (chat: ChatRecord, userId: string): string =>
  (chat.participants ?? []).map((id) => id.toHexString()).find((id) => id !== userId) ?? '';
