import type { Config } from '../../config/index.js';
import { objectId } from '../../platform/object-id.js';
import type { Audience } from '../../shared/audience.js';
import type {
  ChatAccess,
  ChatKind,
  ChatsRepository,
  Contacts,
  DirectChatRecord,
  MembershipsRepository,
} from '../chats/index.js';
import { hasAgreed } from '../chats/index.js';

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
  constructor(
    private readonly deps: {
      access: Pick<ChatAccess, 'snapshot'>;
      chats: Pick<ChatsRepository, 'roomsAmong'>;
      memberships: Pick<MembershipsRepository, 'isInAny' | 'userIdsInAny'>;
      contacts: Pick<
        Contacts,
        'agreedAmong' | 'among' | 'blockedWith' | 'chatIdsOf' | 'openDirect' | 'shareChat'
      >;
      /** `PRESENCE_AUDIENCE`: whether the two of a direct chat must both have agreed to it. */
      audience: Config['presenceAudience'];
    },
  ) {}

  /**
   * Those who are notified when the user's presence changes.
   *
   * @param known the chats that the user is in, where the caller has just looked them up.
   */
  async of(userId: string, known?: string[]): Promise<PresenceAudience> {
    return this.find(userId, (chat) => hasAgreed(chat, userId), known);
  }

  /** @param counts whether a direct chat makes the two of it contacts, where both must have agreed to it. */
  private async find(
    userId: string,
    counts: (chat: DirectChatRecord) => boolean,
    known?: string[],
  ): Promise<PresenceAudience> {
    const { contacts } = this.deps;
    const chatIds = known ?? (await contacts.chatIdsOf(userId));
    // From memory, mostly: whoever connects asks this of all of their chats.
    const found = await Promise.all(chatIds.map((chatId) => this.deps.access.snapshot(chatId)));
    const chats = found.filter((chat) => chat !== undefined);
    const open = chats.filter(({ kind, status }) => makesContacts(kind) && status === 'accepted');
    const shared = new Set(await this.counted(open, counts));
    const counting = open.filter(({ id }) => shared.has(id));
    const large = counting.filter(({ members }) => !members).map(({ id }) => objectId(id));
    const [contactIds, blockedIds] = await Promise.all([
      contacts.among(userId, large),
      contacts.blockedWith(userId),
    ]);
    for (const { members } of counting) for (const id of members?.keys() ?? []) contactIds.add(id);
    contactIds.delete(userId);
    for (const id of blockedIds) contactIds.delete(id);
    return {
      contactIds: [...contactIds],
      roomIds: chats.filter(({ kind }) => kind === 'room').map(({ id }) => id),
      blockedIds: [...blockedIds],
    };
  }

  /** Ids of the chats that make contacts. */
  private async counted(
    open: { id: string; kind: ChatKind }[],
    counts: (chat: DirectChatRecord) => boolean,
  ): Promise<string[]> {
    const { audience, contacts } = this.deps;
    if (audience === 'shared') return open.map(({ id }) => id);
    const idsOf = (isDirect: boolean) =>
      open.filter(({ kind }) => (kind === 'direct') === isDirect).map(({ id }) => id);
    const direct = (await contacts.openDirect(idsOf(true))).filter(counts);
    return [...idsOf(false), ...direct.map(({ _id }) => _id.toHexString())];
  }

  /** Whether the viewer may know the user's presence: they are contacts or share a room. */
  async mayKnow(viewerId: string, userId: string): Promise<boolean> {
    const { chats, contacts, memberships } = this.deps;
    if (viewerId === userId || (await this.isContact(viewerId, userId))) return true;
    const blocked = await contacts.blockedWith(viewerId);
    if (blocked.has(userId)) return false;
    const roomIds = await chats.roomsAmong(await contacts.chatIdsOf(viewerId));
    return memberships.isInAny(userId, roomIds);
  }

  private async isContact(viewerId: string, userId: string): Promise<boolean> {
    const { audience, contacts } = this.deps;
    if (audience === 'shared') return contacts.shareChat(viewerId, userId);
    return (await contacts.agreedAmong(viewerId, [userId])).has(userId);
  }

  /** Everybody whose presence the viewer may know; of large rooms, their first members. */
  async visibleTo(viewerId: string): Promise<string[]> {
    const { contactIds, roomIds, blockedIds } = await this.find(
      viewerId,
      ({ participants, ...chat }) =>
        participants.some((id) => !id.equals(viewerId) && hasAgreed(chat, id.toHexString())),
    );
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
