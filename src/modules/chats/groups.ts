import type { Publisher } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import { isSystem } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, forbidden, invalidInput, notFound } from '../../shared/errors.js';
import type { Metadata } from '../../shared/metadata.js';
import { hasMetadata } from '../../shared/metadata.js';
import type { NameFilter } from '../../shared/name-filter.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { JoinMode } from './chat.model.js';
import type { ChatEvents } from './chats.events.js';
import { chatFacts } from './chats.events.js';
import type { ChatRecord, ChatsRepository, NewNamedChat } from './chats.repository.js';
import type { GroupAccess } from './group-access.js';
import { externalIdTaken, refusalToManage, refusalToOversee } from './chats.policy.js';
import type { MembershipChanges } from './members.js';
import type { PersonalInvites } from './personal-invites.js';
import { chosenSlug, isPath, roomNameKey, slugOfName } from './room-slugs.js';
import { insertNumbered } from './rooms.js';
import type { GroupLog } from './system-text.js';
import { chatChanged, groupCreated } from './system-text.js';

/** A group or room to be made. */
export interface NewGroup {
  kind: 'group' | 'room';
  name: string;
  /** Made by the client: trying again under it does not make another one. */
  clientChatId?: string;
  /** A room's name in addresses; made of the name, with a number when it is taken, when left out. */
  slug?: string;
  description?: string;
  picture?: string | null;
  metadata?: Metadata;
  /** Given by server keys alone. */
  externalId?: string;
  memberIds?: string[];
  /** Of a room; left out: open. */
  joinMode?: JoinMode;
}

/** Changes of name, description, picture, modes or metadata; absent fields do not change. */
export interface GroupChanges {
  name?: string;
  description?: string;
  picture?: string | null;
  /** null, or an empty object, takes away what there is. */
  metadata?: Metadata | null;
  /** Seconds that a plain member waits between two messages; 0: none. Moderators may change it. */
  slowModeSeconds?: number;
  /** Whether only owners, admins and moderators post. */
  onlyModeratorsPost?: boolean;
  /** Of a room: how people come in. */
  joinMode?: JoinMode;
}

/** Makes groups and rooms, and changes their names, descriptions and pictures. */
export class Groups {
  private readonly making: GroupMaking;

  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      access: GroupAccess;
      changes: MembershipChanges;
      personalInvites: PersonalInvites;
      rooms: { called(text: string): Promise<ChatRecord | undefined> };
      log: GroupLog;
      accessChanges: AccessChangePoster;
      names: NameFilter;
      bus: Publisher<ChatEvents>;
      newConversations: RateLimiter;
      /** Whether the actor may make rooms (ROOM_CREATION). */
      mayMakeRooms(actor: Actor): Promise<boolean>;
      /** Whether clients may be shown a picture from this URL. */
      isAllowedPictureUrl(url: string): boolean;
      clock: Clock;
    },
  ) {
    const { access, changes, chats, log, personalInvites } = deps;
    this.making = new GroupMaking({ chats, access, changes, log, personalInvites });
  }

  /**
   * Makes a private group or a public room; its maker is its owner, but for the system, which is in no chat. A retry under the same `clientChatId`
   * finds what was made: where an attempt was interrupted, it adds the members of the first request, and
   * otherwise changes nothing. Users whom the maker may not add without asking are invited.
   *
   * @returns `invited`: the users who were invited rather than added.
   * @throws {AppError} NOT_FOUND or BLOCKED for somebody who cannot be added, CONFLICT when the room's name
   *   is taken or the client's id was used for another chat, FORBIDDEN for a room that the actor may not make,
   *   VALIDATION, RATE_LIMITED.
   */
  async create(
    actor: Actor,
    group: NewGroup,
  ): Promise<{ chat: ChatRecord; isReplay: boolean; invited: string[] }> {
    const { access, bus, newConversations, personalInvites } = this.deps;
    const earlier = await this.madeBefore(actor, group);
    if (earlier) return this.replay(actor, earlier);
    const wanted = [...new Set(group.memberIds ?? [])].filter((id) => id !== actor.userId);
    this.assertPicture(group.picture);
    if (group.kind === 'room') await this.assertMayMakeRoom(actor, group.name);
    this.deps.names.assertNames({
      name: group.name,
      slug: group.slug,
      description: group.description,
    });
    const slug = group.slug === undefined ? undefined : slugIn(group.slug);
    const { addable, others } = await access.sortOut(actor, wanted);
    const { chat, isReplay } = await newConversations.during(
      actor.userId,
      actor.server ? 0 : 1,
      () =>
        personalInvites.whileCounted(actor, others, undefined, () =>
          this.insert(actor, group, slug, addable, others),
        ),
    );
    if (isReplay) return this.replay(actor, chat);
    bus.emit(
      'chat.created',
      { chat: chatFacts(chat), memberIds: [], audience: audiences.users([]) },
      { scope: 'cluster' },
    );
    const invited = await this.making.bringIn(actor, chat, addable, others);
    return { chat, isReplay, invited };
  }

  private async replay(
    actor: Actor,
    chat: ChatRecord,
  ): Promise<{ chat: ChatRecord; isReplay: boolean; invited: string[] }> {
    await this.making.resume(actor, chat);
    const invited = await this.deps.personalInvites.invitedTo(chat);
    return { chat, isReplay: true, invited };
  }

  private async insert(
    actor: Actor,
    group: NewGroup,
    slug: string | undefined,
    memberIds: string[],
    inviteIds: string[],
  ): Promise<{ chat: ChatRecord; isReplay: boolean }> {
    const { kind, name, clientChatId, description, externalId, joinMode, metadata, picture } =
      group;
    const { chats, clock } = this.deps;
    const stored = {
      kind,
      initiator: actor.userId,
      name,
      ...(clientChatId !== undefined && { clientChatId }),
      ...(description !== undefined && { description }),
      ...(picture && { picture }),
      ...(hasMetadata(metadata) && { metadata }),
      ...(externalId !== undefined && { externalId }),
      ...(joinMode !== undefined && { joinMode }),
      memberIds: [actor.userId, ...memberIds],
      inviteIds,
      createdAt: new Date(clock.now()),
    };
    const chat =
      kind === 'group' ? await chats.insert(stored) : await this.insertRoom(stored, slug);
    if (chat) return { chat, isReplay: false };
    // Either a concurrent retry has made it, or the name is taken.
    const twin = await this.madeBefore(actor, group);
    if (!twin && externalId !== undefined && (await chats.byExternalId(externalId))) {
      throw externalIdTaken();
    }
    if (!twin) throw nameTaken();
    return { chat: twin, isReplay: true };
  }

  /**
   * Under a slug of its own a room may have the name of another one, which goes on answering to it. The slug must
   * not be the name that another one answers to: it would lead to this room from then on.
   */
  private async insertRoom(room: NewNamedChat, slug?: string): Promise<ChatRecord | undefined> {
    const { chats, rooms } = this.deps;
    const nameKey = roomNameKey(room.name);
    if (slug === undefined) {
      if (await rooms.called(room.name)) return undefined;
      return insertNumbered(chats, slugOfName(room.name), (free) =>
        chats.insert({ ...room, slug: free, nameKey }),
      );
    }
    if ((await chats.takenSlugs([slug])).has(slug)) return undefined;
    const isNamed = await rooms.called(room.name);
    return (
      (isNamed ? undefined : await chats.insert({ ...room, slug, nameKey })) ??
      chats.insert({ ...room, slug, nameKey: null })
    );
  }

  private async madeBefore(actor: Actor, group: NewGroup): Promise<ChatRecord | undefined> {
    const { clientChatId, kind, name } = group;
    if (clientChatId === undefined) return undefined;
    const chat = await this.deps.chats.byClientId(actor.userId, clientChatId);
    // Its name may have changed since; its kind cannot.
    if (chat && chat.kind !== kind) throw clientChatIdReused(name);
    return chat ?? undefined;
  }

  /**
   * Changes name, description, picture, modes or metadata. A room answers to its new name unless that leads to
   * another room. Of a direct chat, which belongs to both, the system alone may change the metadata.
   *
   * @throws {AppError} NOT_FOUND for non-members, FORBIDDEN for plain members and in direct chats.
   */
  async update(actor: Actor, chatId: string, changes: GroupChanges): Promise<void> {
    const { access, accessChanges, bus, chats, log } = this.deps;
    const chatRole = await access.chatRole(actor, chatId);
    const { metadata, ...appearance } = changes;
    const shown = Object.keys(appearance);
    const isPace = shown.join() === 'slowModeSeconds' && metadata === undefined;
    const manages = isPace ? refusalToOversee(chatRole) : refusalToManage(chatRole);
    const refusal = shown.length === 0 && isSystem(actor) ? undefined : manages;
    if (refusal) throw refusal;
    if (changes.joinMode !== undefined && chatRole.kind !== 'room') {
      throw invalidInput('joinMode', 'of rooms alone: people are invited to a group');
    }
    this.assertPicture(changes.picture);
    this.deps.names.assertNames({ name: changes.name, description: changes.description }, chatId);
    const isRenamed = chatRole.kind === 'room' && changes.name !== undefined;
    if (isRenamed) this.assertRoomName(changes.name!);
    const nameKey = isRenamed ? await this.freeNameKey(chatId, changes.name!) : undefined;
    const data =
      metadata === undefined ? {} : { metadata: hasMetadata(metadata) ? metadata : null };
    // Nodes keep chats for a while; one that hears no event must learn of it, too.
    await accessChanges.post([{ kind: 'chat', userId: actor.userId, chatId }]);
    const chat = await chats.changeAppearance(chatId, { ...appearance, ...data }, nameKey);
    if (!chat) throw notFound('Chat');
    bus.emit(
      'chat.updated',
      { chat: chatFacts(chat), audience: audiences.chat(chatId) },
      { scope: 'cluster' },
    );
    // Metadata are the clients' own: nothing that people see need have changed.
    if (shown.length > 0) await log.post(actor, chatId, (name) => chatChanged(name, appearance));
  }

  /** What a room is to answer to under a new name; null when that leads to another room, by its slug or name. */
  private async freeNameKey(chatId: string, name: string): Promise<string | null> {
    const other = await this.deps.rooms.called(name);
    return other && other._id.toHexString() !== chatId ? null : roomNameKey(name);
  }

  private async assertMayMakeRoom(actor: Actor, name: string): Promise<void> {
    if (!(await this.deps.mayMakeRooms(actor))) throw forbidden('Only admins may make rooms');
    this.assertRoomName(name);
  }

  /** A room is found by its name in addresses, where a path would lead elsewhere. */
  private assertRoomName(name: string): void {
    if (isPath(name)) throw invalidInput('name', 'no path');
  }

  private assertPicture(picture: string | null | undefined): void {
    if (picture == null || this.deps.isAllowedPictureUrl(picture)) return;
    throw invalidInput('picture', 'an https address on one of the allowed hosts');
  }
}

/**
 * Adds the first members to a new group or room. The chat lists them from its first write on, so that a retry
 * can finish what a crash has interrupted, and keeps the list while any attempt is running: a user who leaves
 * or is removed meanwhile is taken off the list first, so that an attempt that has read the list before does
 * not add them again.
 */
class GroupMaking {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      access: GroupAccess;
      changes: MembershipChanges;
      log: GroupLog;
      personalInvites: PersonalInvites;
    },
  ) {}

  /**
   * Adds the maker and the others, and invites those who must be asked; answers who was invited. Repeating it
   * changes nothing.
   */
  async bringIn(
    maker: Actor,
    chat: ChatRecord,
    others: string[],
    inviteIds: string[],
  ): Promise<string[]> {
    const { changes, log } = this.deps;
    const chatId = chat._id.toHexString();
    const stillWanted = (userIds: string[]) => this.listed(chat, userIds);
    if (!isSystem(maker)) {
      await changes.add(chatId, [maker.userId], maker.userId, 'owner', stillWanted);
    }
    await changes.add(chatId, others, maker.userId, 'member', stillWanted);
    if (chat.kind === 'group') {
      await log.post(maker, chatId, (name) => groupCreated(name, chat.name ?? ''));
    }
    const invited = await this.deps.personalInvites.invite(maker, chat, inviteIds, false);
    if (chat.making) await this.deps.chats.concludeMaking(chat._id);
    return invited;
  }

  /**
   * Finishes an earlier attempt, unless nothing is left to do or the maker has left. It adds those members of
   * the first request whom the maker may still add.
   */
  async resume(maker: Actor, { _id }: ChatRecord): Promise<void> {
    const chat = await this.deps.chats.resumeMaking(_id, maker.userId);
    if (!chat?.making) return;
    const { access } = this.deps;
    const { memberIds, inviteIds = [] } = chat.making;
    const wanted = [...memberIds, ...inviteIds].map((id) => id.toHexString());
    const others = [...new Set(wanted)].filter((id) => id !== maker.userId);
    // Who has agreed to be in touch since the first attempt is added now, and who has ceased to is asked.
    const [addable, invitable] = await Promise.all([
      access.addable(maker, others),
      access.invitable(maker, others),
    ]);
    const toInvite = new Set(inviteIds.map((id) => id.toHexString()));
    await this.deps.chats.addToMaking(
      _id,
      addable.filter((id) => toInvite.has(id)),
    );
    await this.bringIn(maker, chat, addable, invitable);
  }

  /** Those who have not left since the list was made. */
  private async listed(chat: ChatRecord, userIds: string[]): Promise<string[]> {
    if (!chat.making) return userIds;
    const listed = await this.deps.chats.makingMembers(chat._id);
    return listed ? userIds.filter((id) => listed.has(id)) : userIds;
  }
}

const slugIn = (text: string): string => {
  const slug = chosenSlug(text);
  if (slug === undefined) {
    throw invalidInput('slug', 'letters, digits, . _ - and spaces, at most 64, and no id');
  }
  return slug;
};

const clientChatIdReused = (name: string): AppError =>
  new AppError('CONFLICT', `This clientChatId was already used for something else than ${name}`);

const nameTaken = (): AppError => new AppError('CONFLICT', 'There is a room of this name already');
