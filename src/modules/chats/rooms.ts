import { LRUCache } from 'lru-cache';
import { CachedLookup } from '../../platform/cached-lookup.js';
import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import type { Actor } from '../../shared/actor.js';
import { SYSTEM_USER_ID } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, invalidInput, notFound } from '../../shared/errors.js';
import { isId } from '../../shared/ids.js';
import { lengthOf } from '../../shared/text.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import type { NameFilter } from '../../shared/name-filter.js';
import { paginate } from '../../shared/pagination.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { UserCard } from '../users/index.js';
import type { ChatAccess } from './chat-access.js';
import type { PresenceState } from './chat-view.js';
import type { ChatEvents } from './chats.events.js';
import { chatFacts } from './chats.events.js';
import type { ChatRecord, ChatsRepository } from './chats.repository.js';
import { refusalToEnter } from './chats.policy.js';
import type { Contacts } from './contacts.js';
import type { MembershipChanges } from './members.js';
import type { MembershipsRepository } from './memberships.repository.js';
import {
  SLUG_MAX_LENGTH,
  isMadeSlug,
  isPath,
  numberedSlug,
  roomNameKey,
  slugOfName,
} from './room-slugs.js';
import { atMost } from '../../shared/at-most.js';

/** A page of public rooms; `q` is the start of a name. */
export interface RoomsQuery extends PageQuery {
  q?: string;
}

/** A room as a user sees it who may or may not have joined it. */
export interface RoomView {
  chat: ChatRecord;
  memberCount: number;
  isMember: boolean;
}

/** The room that is made at the first start. */
const GENERAL = 'general';
/** Rooms beyond this many are found by name, not by looking through the list. */
const MAX_LISTED = 1000;

/** Rooms of an older version that are read together at the start. */
const OLDER_ROOMS_AT_ONCE = 500;

/** Public rooms with names: anybody signed in may read and join them. */
export class PublicRooms {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      memberships: MembershipsRepository;
      changes: MembershipChanges;
      names: NameFilter;
      bus: Publisher<ChatEvents>;
      newConversations: RateLimiter;
      /** Whether the actor may make rooms (ROOM_CREATION). */
      mayMakeRooms(actor: Actor): Promise<boolean>;
      clock: Clock;
    },
  ) {}

  /**
   * Finds a room: the one with exactly this slug; else the one of this name, in any case and spacing; else
   * the one that was given this slug, or has had this name.
   */
  async called(text: string): Promise<ChatRecord | undefined> {
    const { chats } = this.deps;
    const key = roomNameKey(text);
    const [addressed, named, folded] = await Promise.all([
      chats.bySlug(text),
      chats.byNameKey(key),
      key === text ? undefined : chats.bySlug(key),
    ]);
    return addressed ?? named ?? (folded && !isMadeSlug(folded) ? folded : undefined);
  }

  /**
   * The room of a name or slug, made when there is none; its maker is its owner and first member.
   *
   * @throws {AppError} VALIDATION for a name that no room can have; NOT_FOUND when there is none and the actor
   *   may not make it; RATE_LIMITED; UNAVAILABLE when too many rooms have names that are alike.
   */
  async ensure(name: string, actor: Actor): Promise<ChatRecord> {
    const existing = await this.called(name);
    if (existing) return existing;
    if (lengthOf(name) > SLUG_MAX_LENGTH || isPath(name)) {
      throw invalidInput('room', 'a slug, or a name of at most 64 characters that is no path');
    }
    if (!(await this.deps.mayMakeRooms(actor))) throw notFound('Room');
    this.deps.names.assertNames({ room: name });
    return this.deps.newConversations.during(actor.userId, 1, () => this.make(name, actor.userId));
  }

  /**
   * Makes the actor a member; doing it again changes nothing.
   *
   * @throws {AppError} NOT_FOUND when there is no such room, BANNED, and where it is closed to the actor
   *   JOIN_REQUEST_NEEDED or FORBIDDEN.
   */
  async join(actor: Actor, name: string): Promise<ChatRecord> {
    const chat = await this.existing(name);
    await this.enter(actor, chat);
    return chat;
  }

  /**
   * Makes the actor a member of a room; doing it again changes nothing.
   *
   * @throws {AppError} as {@link join}.
   */
  async enter(actor: Actor, room: Pick<ChatRecord, '_id' | 'kind' | 'joinMode'>): Promise<void> {
    const { changes, memberships } = this.deps;
    const chatId = room._id.toHexString();
    const refusal = refusalToEnter(room, actor);
    if (refusal) {
      await changes.assertNoneBanned(chatId, [actor.userId]);
      if (await memberships.exists(chatId, actor.userId)) return;
      throw refusal;
    }
    await changes.add(chatId, [actor.userId], actor.userId);
  }

  /**
   * Ends the actor's membership. An owner may always leave: system admins manage rooms without owners.
   *
   * @throws {AppError} NOT_FOUND when there is no such room or the actor is not in it.
   */
  async leave(actor: Actor, name: string): Promise<ChatRecord> {
    const chat = await this.existing(name);
    const wasMember = await this.deps.changes.remove(
      chat._id.toHexString(),
      actor.userId,
      actor.userId,
      true,
    );
    if (!wasMember) throw notFound('Membership');
    return chat;
  }

  /** All rooms, the ones with the newest messages first; `q` is the start of a name. */
  async list(
    actor: Actor,
    query: RoomsQuery,
  ): Promise<{ views: RoomView[]; pagination: Pagination }> {
    const rooms = await this.deps.chats.rooms(MAX_LISTED);
    const prefix = roomNameKey(query.q ?? '');
    const fitting = rooms.filter(({ name = '', slug = '' }) =>
      [slug, roomNameKey(name)].some((text) => text.startsWith(prefix)),
    );
    const start = (query.page - 1) * query.limit;
    const shown = fitting.slice(start, start + query.limit);
    return { views: await this.views(actor, shown), pagination: paginate(query, fitting.length) };
  }

  /**
   * One room.
   *
   * @throws {AppError} NOT_FOUND when there is none.
   */
  async detail(actor: Actor, name: string): Promise<RoomView> {
    const [view] = await this.views(actor, [await this.existing(name)]);
    return view!;
  }

  /** Makes the first room, unless it exists. */
  async ensureGeneral(): Promise<void> {
    if (!(await this.called(GENERAL))) await this.make(GENERAL, undefined);
  }

  /**
   * Lets rooms from before names had a form of their own answer to their slug, as they did then: whatever is made of
   * their name since, no other room can be given it.
   */
  async nameOlder(): Promise<void> {
    const { chats } = this.deps;
    for (;;) {
      const rooms = await chats.olderRooms(OLDER_ROOMS_AT_ONCE);
      for (const { _id, slug } of rooms) await chats.nameOlderRoom(_id, slug ?? null);
      if (rooms.length < OLDER_ROOMS_AT_ONCE) return;
    }
  }

  /** @throws {AppError} NOT_FOUND when the room was removed. */
  async byId(chatId: string): Promise<ChatRecord> {
    const chat = await this.deps.chats.find(chatId);
    if (!chat) throw notFound('Room');
    return chat;
  }

  /** @throws {AppError} NOT_FOUND for a slug or name that no room has. */
  async existing(name: string): Promise<ChatRecord> {
    const chat = await this.called(name);
    if (!chat) throw notFound('Room');
    return chat;
  }

  private async views(actor: Actor, chats: ChatRecord[]): Promise<RoomView[]> {
    const { memberships } = this.deps;
    const chatIds = chats.map(({ _id }) => _id);
    // Counting one room reads an index alone; grouping all of them would read every membership.
    const [memberCounts, mine] = await Promise.all([
      Promise.all(chatIds.map((chatId) => memberships.count(chatId))),
      memberships.chatIdsAmong(actor.userId, chatIds),
    ]);
    const joined = new Set(mine.map((chatId) => chatId.toHexString()));
    return chats.map((chat, i) => ({
      chat,
      memberCount: memberCounts[i]!,
      isMember: joined.has(chat._id.toHexString()),
    }));
  }

  /** The loser of a race for a name finds the winner's room. */
  private async make(name: string, ownerId: string | undefined): Promise<ChatRecord> {
    const { bus, changes, chats, clock } = this.deps;
    const nameKey = roomNameKey(name);
    const createdAt = new Date(clock.now());
    const made = await insertNumbered(chats, slugOfName(name), (slug) =>
      chats.insert({
        kind: 'room',
        initiator: ownerId,
        slug,
        name,
        nameKey,
        memberIds: [],
        createdAt,
      }),
    );
    const chat = made ?? (await this.existing(name));
    if (!made) return chat;
    bus.emit(
      'chat.created',
      { chat: chatFacts(chat), memberIds: [], audience: audiences.users([]) },
      { scope: 'cluster' },
    );
    if (ownerId !== undefined) {
      await changes.add(chat._id.toHexString(), [ownerId], ownerId, 'owner');
    }
    return chat;
  }
}

/** Slugs checked in one query for a free one, and the number of such queries. */
const SLUGS_AT_ONCE = 100;
const MAX_ATTEMPTS = 50;

/**
 * Inserts a room under a slug, or the slug with the first number from 2 on that is free. One that is the name of
 * another room is not free: it would lead here, and no longer there.
 *
 * @param insert answers undefined when the slug, or another unique field of the room, is taken.
 * @returns undefined when nothing was inserted although the slug is free: another unique field is taken.
 * @throws {AppError} UNAVAILABLE when all numbers are taken.
 */
export const insertNumbered = async (
  chats: Pick<ChatsRepository, 'takenSlugs'>,
  slug: string,
  insert: (slug: string) => Promise<ChatRecord | undefined>,
): Promise<ChatRecord | undefined> => {
  let first = 1;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const candidates = Array.from({ length: SLUGS_AT_ONCE }, (_, i) =>
      first + i === 1 ? slug : numberedSlug(slug, first + i),
    );
    const taken = await chats.takenSlugs(candidates);
    const free = candidates.find((candidate) => !taken.has(candidate));
    if (free === undefined) {
      first += SLUGS_AT_ONCE;
      continue;
    }
    const chat = await insert(free);
    if (chat) return chat;
    if (!(await chats.takenSlugs([free])).has(free)) return undefined;
  }
  throw new AppError('UNAVAILABLE', 'Too many rooms have such names; choose another', {
    retryAfter: 1,
  });
};

/** Number of room ids that a node caches, by slug and by name. */
const MAX_NAMES = 10_000;
/** How long a name is cached, in milliseconds: rooms can be renamed. */
const NAME_TTL_MS = 5000;

/**
 * Finds the chat that a `room` names: by the slug or name of a public room, or the id of any chat. A string
 * that looks like an id is never a name, so that nobody can make a room that is found instead of another
 * chat.
 */
export class RoomResolver {
  /** Ids by slug; a room keeps its slug until it is removed. */
  private readonly bySlug = new LRUCache<string, string>({ ...atMost(MAX_NAMES) });
  private readonly byName = new LRUCache<string, string>({
    ...atMost(MAX_NAMES),
    ttl: NAME_TTL_MS,
  });

  constructor(
    private readonly rooms: PublicRooms,
    private readonly access: ChatAccess,
  ) {}

  /** Forgets the names of a chat that is being removed. */
  readonly subscriptions: Subscription<AccessChangeEvents>[] = [
    {
      event: 'access.recheck',
      phase: 'state',
      on: 'every-node',
      does: 'forgets the names of a chat that is removed',
      run: ({ userId, chatId }) => {
        if (userId !== SYSTEM_USER_ID || chatId === undefined) return;
        for (const names of [this.bySlug, this.byName]) {
          for (const [name, id] of [...names.entries()]) if (id === chatId) names.delete(name);
        }
      },
    },
  ];

  /**
   * The chat to read from.
   *
   * @throws {AppError} NOT_FOUND for a name that no room has.
   */
  async find(room = GENERAL): Promise<string> {
    const id = idIn(room) ?? this.remembered(room);
    if (id !== undefined) return id;
    const chat = await this.rooms.called(room);
    if (!chat) throw notFound('Room');
    return this.remember(room, chat);
  }

  /**
   * The chat to take part in: a room is made when there is none of this name, and the actor becomes a
   * member of it.
   *
   * @throws {AppError} NOT_FOUND for a chat by id that the actor is not in, and for a room that the actor may
   *   not make; VALIDATION for an impossible name; RATE_LIMITED.
   */
  async enter(actor: Actor, room: string): Promise<string> {
    const id = idIn(room);
    if (id !== undefined) {
      await this.access.member(actor.userId, id);
      return id;
    }
    const chatId =
      this.remembered(room) ?? this.remember(room, await this.rooms.ensure(room, actor));
    const chat = await this.access.snapshot(chatId);
    const isMember = chat && (await this.access.role(chat, actor.userId)) !== undefined;
    if (isMember) return chatId;
    await this.rooms.enter(actor, await this.rooms.byId(chatId));
    // Another node may have added the actor, and its event may not have arrived yet.
    this.access.forget(chatId);
    return chatId;
  }

  private remembered(room: string): string | undefined {
    return this.bySlug.get(room) ?? this.byName.get(room);
  }

  private remember(room: string, { _id, slug }: ChatRecord): string {
    const chatId = _id.toHexString();
    (room === slug ? this.bySlug : this.byName).set(room, chatId);
    return chatId;
  }
}

const idIn = (room: string): string | undefined => {
  const id = room.trim().toLowerCase();
  return isId(id) ? id : undefined;
};

/** An online member, as the others in the room see them. */
export interface OnlineMember {
  card: UserCard;
  presence: PresenceState;
}

/** How many members of a large room are checked; nobody reads a longer list. */
const MAX_MEMBERS = 1000;
/** How long a list is cached, in milliseconds: many join a room at the same moment. */
const MAX_AGE_MS = 1000;

/** Lists which of a room's members are online. */
export class RoomOnline {
  private readonly lists = new CachedLookup<OnlineMember[]>({ ...atMost(10_000), ttl: MAX_AGE_MS });

  constructor(
    private readonly deps: {
      memberships: MembershipsRepository;
      contacts: Contacts;
      directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> };
      presenceOf(userIds: string[]): Promise<Map<string, PresenceState>>;
    },
  ) {}

  /** Drops a room's cached list when somebody has come online or gone offline. */
  get subscriptions(): Subscription<ChatEvents>[] {
    const shared = {
      phase: 'state',
      on: 'every-node',
      does: 'drops the cached list of who is online in the room',
      run: ({ chatId }: { chatId: string }) => {
        this.lists.forget(chatId);
      },
    } as const;
    return [
      { event: 'members.added', ...shared },
      { event: 'members.removed', ...shared },
    ];
  }

  /**
   * The members who are online and not invisible, as far as the viewer may see them; at most a second old.
   * The caller has checked access.
   */
  async list(viewerId: string, chatId: string): Promise<OnlineMember[]> {
    const [here, blocked] = await Promise.all([
      this.lists.get(chatId, () => this.load(chatId)),
      this.deps.contacts.blockedWith(viewerId),
    ]);
    return here.filter(({ card }) => !blocked.has(card.id));
  }

  private async load(chatId: string): Promise<OnlineMember[]> {
    const { directory, memberships, presenceOf } = this.deps;
    const states = await presenceOf(await memberships.userIdsIn(chatId, MAX_MEMBERS));
    const here = [...states].filter(([, { status }]) => status !== 'offline');
    const cards = await directory.cards(here.map(([userId]) => userId));
    return here.flatMap(([userId, presence]) => {
      const card = cards.get(userId);
      return card && !card.isDeactivated ? [{ card, presence }] : [];
    });
  }
}
