import { trusted } from 'mongoose';
import type { Types } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import { objectId } from '../../platform/object-id.js';
import { groupBy } from '../../shared/group-by.js';
import type { AccessModels } from './chat-access.js';
import type { MembershipDoc } from './membership.model.js';

/**
 * Who knows whom: people who share an accepted direct chat or a group, and have not blocked each
 * other. A request that waits, or a public room, is not enough.
 */
export class Contacts {
  private readonly chats = createBatchLoader((userIds) => this.readChats(userIds));
  private readonly members = createBatchLoader((chatIds) => this.readMembers(chatIds));
  private readonly blocked = createBatchLoader((userIds) => this.readBlocked(userIds));

  constructor(private readonly models: AccessModels) {}

  /** Ids of everybody whom the user knows; with `rooms`, also of those in the same public rooms. */
  async of(userId: string, { rooms = false } = {}): Promise<Set<string>> {
    const me = objectId(userId);
    const mine = await this.models.memberships.find({ userId: me }, { chatId: 1 }).lean();
    const chats = await this.models.chats
      .find(
        {
          _id: trusted({ $in: mine.map(({ chatId }) => chatId) }),
          kind: trusted({ $in: rooms ? ['direct', 'group', 'room'] : ['direct', 'group'] }),
          status: 'accepted',
        },
        { _id: 1 },
      )
      .lean();
    const chatIds = chats.map(({ _id }) => _id);
    const [contacts, blocked] = await Promise.all([
      this.among(userId, chatIds),
      this.blockedWith(userId),
    ]);
    for (const id of blocked) contacts.delete(id);
    return contacts;
  }

  /** Ids of everybody else in these chats. */
  async among(userId: string, chatIds: Types.ObjectId[]): Promise<Set<string>> {
    const found = await Promise.all(chatIds.map((id) => this.members.load(id.toHexString())));
    const members = new Set(found.flatMap((ids) => ids ?? []));
    members.delete(userId);
    return members;
  }

  /** Ids of all chats that the user is in. */
  async chatIdsOf(userId: string): Promise<string[]> {
    return (await this.chats.load(userId)) ?? [];
  }

  /** Whether two users know each other: share a chat that is open between them. */
  async shareChat(a: string, b: string): Promise<boolean> {
    const [mine, blocked] = await Promise.all([
      this.models.memberships.find({ userId: objectId(a) }, { chatId: 1 }).lean(),
      this.blockedWith(a),
    ]);
    if (blocked.has(b)) return false;
    const shared = await this.models.memberships
      .find(
        { userId: objectId(b), chatId: trusted({ $in: mine.map(({ chatId }) => chatId) }) },
        { chatId: 1 },
      )
      .lean();
    const open = await this.models.chats.exists({
      _id: trusted({ $in: shared.map(({ chatId }) => chatId) }),
      kind: trusted({ $in: ['direct', 'group'] }),
      status: 'accepted',
    });
    return open !== null;
  }

  /** Ids of everybody whom the user has blocked, or who has blocked the user. */
  async blockedWith(userId: string): Promise<Set<string>> {
    return new Set(await this.blocked.load(userId));
  }

  private async readChats(userIds: string[]): Promise<Map<string, string[]>> {
    const rows = await this.places('userId', userIds);
    return idsBy(rows, 'userId', 'chatId');
  }

  private async readMembers(chatIds: string[]): Promise<Map<string, string[]>> {
    const rows = await this.places('chatId', chatIds);
    return idsBy(rows, 'chatId', 'userId');
  }

  /** Past mongoose: every connection asks this, and hydrating would cost more than the query. */
  private async places(key: keyof Place, ids: string[]): Promise<Place[]> {
    return this.models.memberships.collection
      .find<Place>(
        { [key]: { $in: ids.map(objectId) } },
        { projection: { chatId: 1, userId: 1, _id: 0 } },
      )
      .toArray();
  }

  private async readBlocked(userIds: string[]): Promise<Map<string, string[]>> {
    const ids = trusted({ $in: userIds.map(objectId) });
    const blocks = await this.models.blocks
      .find({ $or: [{ blockerId: ids }, { blockedId: ids }] })
      .lean();
    const blocked = new Map<string, string[]>();
    const note = (userId: string, otherId: string) =>
      blocked.set(userId, [...(blocked.get(userId) ?? []), otherId]);
    for (const { blockerId, blockedId } of blocks) {
      note(blockerId.toHexString(), blockedId.toHexString());
      note(blockedId.toHexString(), blockerId.toHexString());
    }
    return blocked;
  }
}

/** Who is in which chat. */
type Place = Pick<MembershipDoc, 'chatId' | 'userId'>;

/** Of places, the ids in one field by the id in the other. */
const idsBy = (rows: Place[], key: keyof Place, value: keyof Place): Map<string, string[]> =>
  new Map(
    [...groupBy(rows, (row) => row[key].toHexString())].map(([id, places]) => [
      id,
      places.map((place) => place[value].toHexString()),
    ]),
  );
