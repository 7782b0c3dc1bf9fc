import { trusted } from 'mongoose';
import { createBatchLoader } from '../../platform/batch-loader.js';
import { objectId } from '../../platform/object-id.js';
import type { AccessModels, ChatDoc, Contacts } from '../chats/index.js';
import type { PresenceAudience } from './presence-audience.js';

/** What of a chat decides who is told. */
type ChatState = Pick<ChatDoc, '_id' | 'kind' | 'status'>;

/** Members of public rooms that a list of people takes in; nobody reads a longer one. */
const MAX_ROOM_MEMBERS = 1000;

/** Who may know of whom: see {@link PresenceAudience}. */
export class PresenceAudiences {
  private readonly chats = createBatchLoader((chatIds) => this.readChats(chatIds));

  constructor(
    private readonly models: Pick<AccessModels, 'chats' | 'memberships'>,
    private readonly contacts: Contacts,
  ) {}

  /**
   * Those who are told when the user's presence changes.
   *
   * @param known the chats that the user is in, where somebody has just looked them up.
   */
  async of(userId: string, known?: string[]): Promise<PresenceAudience> {
    const chatIds = known ?? (await this.contacts.chatIdsOf(userId));
    const found = await Promise.all(chatIds.map((chatId) => this.chats.load(chatId)));
    const chats = found.filter((chat) => chat !== undefined);
    const shared = chats.filter(
      ({ kind, status }) => isAmongContacts(kind) && status === 'accepted',
    );
    const [contacts, blocked] = await Promise.all([
      this.contacts.among(
        userId,
        shared.map(({ _id }) => _id),
      ),
      this.contacts.blockedWith(userId),
    ]);
    for (const id of blocked) contacts.delete(id);
    return {
      contactIds: [...contacts],
      roomIds: chats.filter(({ kind }) => kind === 'room').map(({ _id }) => _id.toHexString()),
      blockedIds: [...blocked],
    };
  }

  /** Whether the viewer may know where the user stands: they know each other or share a room. */
  async mayKnow(viewerId: string, userId: string): Promise<boolean> {
    if (viewerId === userId || (await this.contacts.shareChat(viewerId, userId))) return true;
    const blocked = await this.contacts.blockedWith(viewerId);
    if (blocked.has(userId)) return false;
    const roomIds = await this.roomsOf(viewerId);
    const shared = await this.models.memberships.exists({
      userId: objectId(userId),
      chatId: trusted({ $in: roomIds.map(objectId) }),
    });
    return shared !== null;
  }

  /** Everybody of whom the viewer may know; of large rooms, their first members. */
  async visibleTo(viewerId: string): Promise<string[]> {
    const { contactIds, roomIds, blockedIds } = await this.of(viewerId);
    const visible = new Set(contactIds);
    const members = await this.models.memberships
      .find({ chatId: trusted({ $in: roomIds.map(objectId) }) }, { userId: 1, _id: 0 })
      .limit(MAX_ROOM_MEMBERS)
      .lean();
    for (const { userId } of members) visible.add(userId.toHexString());
    for (const blockedId of blockedIds) visible.delete(blockedId);
    visible.delete(viewerId);
    return [...visible];
  }

  private async roomsOf(userId: string): Promise<string[]> {
    const chats = await this.models.chats
      .find(
        { _id: trusted({ $in: await this.contacts.chatIdsOf(userId) }), kind: 'room' },
        { _id: 1 },
      )
      .lean();
    return chats.map(({ _id }) => _id.toHexString());
  }

  private async readChats(chatIds: string[]): Promise<Map<string, ChatState>> {
    const chats = await this.models.chats
      .find({ _id: trusted({ $in: chatIds }) }, { kind: 1, status: 1 })
      .lean();
    return new Map(chats.map((chat) => [chat._id.toHexString(), chat]));
  }
}

/** Whether sharing a chat of this kind makes people contacts. */
const isAmongContacts = (kind: ChatDoc['kind']): boolean => kind === 'direct' || kind === 'group';
