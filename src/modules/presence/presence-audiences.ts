import { createBatchLoader } from '../../platform/batch-loader.js';
import { objectId } from '../../platform/object-id.js';
import type { Audience } from '../../shared/audience.js';
import type { ChatKind, ChatsRepository, Contacts, MembershipsRepository } from '../chats/index.js';

/** Who may know of a user's presence. */
export interface PresenceAudience {
  /** Everybody with whom the user shares an accepted direct chat or a group, and no block. */
  contactIds: string[];
  /** Public rooms that the user is in: whoever looks at one of them may know. */
  roomIds: string[];
  /** Those who have blocked the user or whom the user has blocked: they are not notified in rooms either. */
  blockedIds: string[];
}

/** Members of public rooms that a list of people takes in; nobody reads a longer one. */
const MAX_ROOM_MEMBERS = 1000;

/** Finds out who may know of whom: see {@link PresenceAudience}. */
export class PresenceAudiences {
  private readonly chats = createBatchLoader((chatIds) => this.deps.chats.kindsOf(chatIds));

  constructor(
    private readonly deps: {
      chats: Pick<ChatsRepository, 'kindsOf' | 'roomsAmong'>;
      memberships: Pick<MembershipsRepository, 'isInAny' | 'userIdsInAny'>;
      contacts: Pick<Contacts, 'among' | 'blockedWith' | 'chatIdsOf' | 'shareChat'>;
    },
  ) {}

  /**
   * Those who are notified when the user's presence changes.
   *
   * @param known the chats that the user is in, where the caller has just looked them up.
   */
  async of(userId: string, known?: string[]): Promise<PresenceAudience> {
    const { contacts } = this.deps;
    const chatIds = known ?? (await contacts.chatIdsOf(userId));
    const found = await Promise.all(chatIds.map((chatId) => this.chats.load(chatId)));
    const chats = found.filter((chat) => chat !== undefined);
    const shared = chats.filter(({ kind, status }) => makesContacts(kind) && status === 'accepted');
    const [contactIds, blockedIds] = await Promise.all([
      contacts.among(
        userId,
        shared.map(({ id }) => objectId(id)),
      ),
      contacts.blockedWith(userId),
    ]);
    for (const id of blockedIds) contactIds.delete(id);
    return {
      contactIds: [...contactIds],
      roomIds: chats.filter(({ kind }) => kind === 'room').map(({ id }) => id),
      blockedIds: [...blockedIds],
    };
  }

  /** Whether the viewer may know the user's presence: they are contacts or share a room. */
  async mayKnow(viewerId: string, userId: string): Promise<boolean> {
    const { chats, contacts, memberships } = this.deps;
    if (viewerId === userId || (await contacts.shareChat(viewerId, userId))) return true;
    const blocked = await contacts.blockedWith(viewerId);
    if (blocked.has(userId)) return false;
    const roomIds = await chats.roomsAmong(await contacts.chatIdsOf(viewerId));
    return memberships.isInAny(userId, roomIds);
  }

  /** Everybody whose presence the viewer may know; of large rooms, their first members. */
  async visibleTo(viewerId: string): Promise<string[]> {
    const { contactIds, roomIds, blockedIds } = await this.of(viewerId);
    const visible = new Set(contactIds);
    const members = await this.deps.memberships.userIdsInAny(roomIds, MAX_ROOM_MEMBERS);
    for (const userId of members) visible.add(userId);
    for (const blockedId of blockedIds) visible.delete(blockedId);
    visible.delete(viewerId);
    return [...visible];
  }
}

/** Whether sharing a chat of this kind makes people contacts. */
const makesContacts = (kind: ChatKind): boolean => kind === 'direct' || kind === 'group';

/** The devices that are notified of a change of presence: never the user's own. */
export const presenceAudience = (
  userId: string,
  { contactIds, roomIds, blockedIds }: PresenceAudience,
): Audience => ({
  to: [
    { kind: 'users', userIds: contactIds },
    ...roomIds.map((chatId) => ({ kind: 'viewers', chatId }) as const),
  ],
  except: [{ kind: 'users', userIds: [userId, ...blockedIds] }],
});
