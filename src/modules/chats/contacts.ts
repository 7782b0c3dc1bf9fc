import type { Types } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import { groupBy } from '../../shared/group-by.js';
import type { BlockedUsers, UserBlocks } from './blocked-users.js';
import type { ChatSnapshot } from './chat-access.js';
import { hasAgreed } from './chats.policy.js';
import type { ChatsRepository, DirectChatRecord } from './chats.repository.js';
import type { MembershipPair, MembershipsRepository } from './memberships.repository.js';

/** Chats whose answers are looked up at the same time for one caller. */
const LOOKUPS_AT_ONCE = 10;

/**
 * Who knows whom: people who share an accepted direct chat or a group, and have not blocked each other. A
 * pending request, or a public room, is not enough.
 */
export class Contacts {
  private readonly chatIds = createBatchLoader((userIds) => this.readChatIds(userIds));
  private readonly memberIds = createBatchLoader((chatIds) => this.readMemberIds(chatIds));

  constructor(
    private readonly chats: ChatsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly blocked: Pick<BlockedUsers, 'of'>,
    /** Whether a user has ever written in a chat. */
    private readonly hasWritten: (chatId: string, userId: string) => Promise<boolean>,
  ) {}

  /**
   * Those of the others who have agreed to be in touch with the user: they are in the same group, or have
   * opened, accepted or written in their direct chat. An action of the user alone is no agreement of the
   * other.
   */
  async agreedAmong(userId: string, otherIds: string[]): Promise<Set<string>> {
    if (otherIds.length === 0) return new Set();
    const [groupMembers, pairs, blocked] = await Promise.all([
      this.groupMembers(userId, otherIds),
      this.chats.openPairs(userId, otherIds).then((chats) => this.withAnswers(chats)),
      this.blockedWith(userId),
    ]);
    const agreed = pairs.flatMap((chat) =>
      chat.participants.map((id) => id.toHexString()).filter((id) => hasAgreed(chat, id)),
    );
    const found = new Set([...groupMembers, ...agreed]);
    return new Set(otherIds.filter((id) => found.has(id) && !blocked.has(id)));
  }

  /** The accepted direct chats among those named, each with whether it has been answered. */
  async openDirect(chatIds: string[]): Promise<DirectChatRecord[]> {
    return this.withAnswers(await this.chats.openDirect(chatIds));
  }

  /**
   * The same direct chats, each with whether the recipient has answered. Where that is not stored yet, it is
   * looked up and stored.
   */
  async withAnswers<T extends DirectChatRecord>(chats: T[]): Promise<T[]> {
    const complete: T[] = [];
    // A few at a time: somebody may have thousands of chats from before this was stored.
    for (let i = 0; i < chats.length; i += LOOKUPS_AT_ONCE) {
      const some = chats.slice(i, i + LOOKUPS_AT_ONCE);
      complete.push(...(await Promise.all(some.map((chat) => this.withAnswer(chat)))));
    }
    return complete;
  }

  private async withAnswer<T extends DirectChatRecord>(chat: T): Promise<T> {
    if (chat.isAnswered !== undefined) return chat;
    const asked = chat.participants.find((id) => !id.equals(chat.initiator));
    const chatId = chat._id.toHexString();
    const isAnswered = asked !== undefined && (await this.hasWritten(chatId, asked.toHexString()));
    await this.chats.setAnswered(chatId, isAnswered);
    return { ...chat, isAnswered };
  }

  private async groupMembers(userId: string, otherIds: string[]): Promise<string[]> {
    const mine = await this.memberships.chatIdsOf(userId);
    const groupIds = await this.chats.openAmong(mine, ['group']);
    return this.memberships.userIdsAmong(groupIds, otherIds);
  }

  /** Ids of everybody else in these chats. */
  async among(userId: string, chatIds: Types.ObjectId[]): Promise<Set<string>> {
    const found = await Promise.all(chatIds.map((id) => this.memberIds.load(id.toHexString())));
    const members = new Set(found.flatMap((ids) => ids ?? []));
    members.delete(userId);
    return members;
  }

  /** Ids of all chats that the user is in. */
  async chatIdsOf(userId: string): Promise<string[]> {
    return (await this.chatIds.load(userId)) ?? [];
  }

  /** Ids of everybody with whom the user shares a group or an accepted direct chat, each once. */
  async idsOf(userId: string): Promise<string[]> {
    const chatIds = await this.memberships.chatIdsOf(userId);
    const open = await this.chats.openAmong(chatIds, ['direct', 'group']);
    return [...(await this.among(userId, open))];
  }

  /** Whether two users are in the same chat, of whatever kind, also where one has not accepted it. */
  async areInOneChat(a: string, b: string): Promise<boolean> {
    const mine = await this.memberships.chatIdsOf(a);
    return (await this.memberships.chatIdsAmong(b, mine)).length > 0;
  }

  /** Whether two users know each other: share a chat that is open between them. */
  async shareChat(a: string, b: string): Promise<boolean> {
    const [mine, blocked] = await Promise.all([this.memberships.chatIdsOf(a), this.blockedWith(a)]);
    if (blocked.has(b)) return false;
    const shared = await this.memberships.chatIdsAmong(b, mine);
    return this.chats.isAnyOpen(shared, ['direct', 'group']);
  }

  /** Ids of everybody whom the user has blocked, or who has blocked the user. */
  async blockedWith(userId: string): Promise<Set<string>> {
    return new Set((await this.blocked.of(userId)).withUser);
  }

  /** The blocks between the user and others. */
  blocksOf(userId: string): Promise<UserBlocks> {
    return this.blocked.of(userId);
  }

  private async readChatIds(userIds: string[]): Promise<Map<string, string[]>> {
    return idsBy(await this.memberships.pairsBy('userId', userIds), 'userId', 'chatId');
  }

  private async readMemberIds(chatIds: string[]): Promise<Map<string, string[]>> {
    return idsBy(await this.memberships.pairsBy('chatId', chatIds), 'chatId', 'userId');
  }
}

/** The ids in one field of the pairs, by the id in the other. */
const idsBy = (
  pairs: MembershipPair[],
  key: keyof MembershipPair,
  value: keyof MembershipPair,
): Map<string, string[]> =>
  new Map(
    [...groupBy(pairs, (pair) => pair[key].toHexString())].map(([id, ofId]) => [
      id,
      ofId.map((pair) => pair[value].toHexString()),
    ]),
  );

/**
 * The members of a group or room who do not see when a user types or how far the user has come: those with whom the
 * user has a block. A direct chat with a block shares nothing at all.
 */
export const hiddenFrom = async (
  { kind, members }: Pick<ChatSnapshot, 'kind' | 'members'>,
  userId: string,
  contacts: Pick<Contacts, 'blocksOf'>,
): Promise<string[]> => {
  if (kind === 'direct') return [];
  const { withUser } = await contacts.blocksOf(userId);
  return [...withUser].filter((id) => members?.has(id) ?? true);
};
