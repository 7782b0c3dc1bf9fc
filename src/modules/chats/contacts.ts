import type { Types } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import { groupBy } from '../../shared/group-by.js';
import type { BlocksRepository } from './blocks.repository.js';
import type { ChatsRepository } from './chats.repository.js';
import type { MembershipPair, MembershipsRepository } from './memberships.repository.js';

/**
 * Who knows whom: people who share an accepted direct chat or a group, and have not blocked each
 * other. A request that waits, or a public room, is not enough.
 */
export class Contacts {
  private readonly chatIds = createBatchLoader((userIds) => this.readChatIds(userIds));
  private readonly memberIds = createBatchLoader((chatIds) => this.readMemberIds(chatIds));
  private readonly blockedIds = createBatchLoader((userIds) => this.readBlockedIds(userIds));

  constructor(
    private readonly chats: ChatsRepository,
    private readonly memberships: MembershipsRepository,
    private readonly blocks: BlocksRepository,
  ) {}

  /** Ids of everybody whom the user knows; with `rooms`, also of those in the same public rooms. */
  async of(userId: string, { rooms = false } = {}): Promise<Set<string>> {
    const chatIds = await this.chats.openAmong(
      await this.memberships.chatIdsOf(userId),
      rooms ? ['direct', 'group', 'room'] : ['direct', 'group'],
    );
    const [contacts, blocked] = await Promise.all([
      this.among(userId, chatIds),
      this.blockedWith(userId),
    ]);
    for (const id of blocked) contacts.delete(id);
    return contacts;
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

  /** Whether two users know each other: share a chat that is open between them. */
  async shareChat(a: string, b: string): Promise<boolean> {
    const [mine, blocked] = await Promise.all([this.memberships.chatIdsOf(a), this.blockedWith(a)]);
    if (blocked.has(b)) return false;
    const shared = await this.memberships.chatIdsAmong(b, mine);
    return this.chats.isAnyOpen(shared, ['direct', 'group']);
  }

  /** Ids of everybody whom the user has blocked, or who has blocked the user. */
  async blockedWith(userId: string): Promise<Set<string>> {
    return new Set(await this.blockedIds.load(userId));
  }

  private async readChatIds(userIds: string[]): Promise<Map<string, string[]>> {
    return idsBy(await this.memberships.pairsBy('userId', userIds), 'userId', 'chatId');
  }

  private async readMemberIds(chatIds: string[]): Promise<Map<string, string[]>> {
    return idsBy(await this.memberships.pairsBy('chatId', chatIds), 'chatId', 'userId');
  }

  private async readBlockedIds(userIds: string[]): Promise<Map<string, string[]>> {
    const blocked = new Map<string, string[]>();
    const add = (userId: string, otherId: string) =>
      blocked.set(userId, [...(blocked.get(userId) ?? []), otherId]);
    for (const { blockerId, blockedId } of await this.blocks.involvingAny(userIds)) {
      add(blockerId, blockedId);
      add(blockedId, blockerId);
    }
    return blocked;
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
