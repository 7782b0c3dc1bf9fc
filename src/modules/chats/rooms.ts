import { trusted } from 'mongoose';
import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { equalText } from '../../platform/typed-index.js';
import { objectId } from '../../platform/object-id.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { notFound } from '../../shared/errors.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { AccessModels, ChatDoc, ChatEvents } from './index.js';
import { chatFacts } from './index.js';
import { asInSlug, invalidRoomName, roomSlug } from './room-slug.js';
import type { MembershipChanges } from './membership-changes.js';

/** A page of public rooms; `q` is the start of a name. */
export interface RoomsQuery extends PageQuery {
  q?: string;
}

/** What rooms are built from. */
export interface PublicRoomsParts {
  models: AccessModels;
  roster: MembershipChanges;
  bus: Publisher<ChatEvents>;
  newConversations: RateLimiter;
  clock: Clock;
}

/** A room as somebody sees it who may or may not have joined. */
export interface RoomView {
  chat: ChatDoc;
  memberCount: number;
  isMember: boolean;
}

/** The room that is there from the start. */
export const GENERAL = 'general';
/** Stands as the initiator of what nobody has made. */
const NOBODY = '000000000000000000000000';

/** Public rooms with names: anybody signed in may read and join them. */
export class PublicRooms {
  constructor(private readonly parts: PublicRoomsParts) {}

  /** The room of a name; undefined when there is none. Any spelling of the name will do. */
  async bySlug(name: string): Promise<ChatDoc | undefined> {
    const slug = roomSlug(name);
    if (slug === undefined) return undefined;
    return (await this.parts.models.chats.findOne({ slug: equalText(slug) }).lean()) ?? undefined;
  }

  /**
   * The room of a name, made when there is none; its maker is its owner and first member.
   *
   * @throws {AppError} VALIDATION for a name that cannot be one, RATE_LIMITED.
   */
  async ensure(name: string, actor: Actor): Promise<ChatDoc> {
    const existing = await this.bySlug(name);
    if (existing) return existing;
    const slug = roomSlug(name);
    if (slug === undefined) throw invalidRoomName('room');
    await this.parts.newConversations.consume(actor.userId);
    return this.insert(slug, name.trim(), actor.userId);
  }

  /**
   * Makes the actor a member; doing it again changes nothing.
   *
   * @throws {AppError} NOT_FOUND when there is no such room.
   */
  async join(actor: Actor, name: string): Promise<{ chat: ChatDoc; joined: boolean }> {
    const chat = await this.existing(name);
    const added = await this.parts.roster.add(chat._id.toHexString(), [actor.userId], actor.userId);
    return { chat, joined: added.length > 0 };
  }

  /**
   * Ends the actor's membership. An owner may always leave: a room without owners is the admins'.
   *
   * @throws {AppError} NOT_FOUND when there is no such room or the actor is not in it.
   */
  async leave(actor: Actor, name: string): Promise<ChatDoc> {
    const chat = await this.existing(name);
    const wasMember = await this.parts.roster.remove(
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
    const rooms = await this.parts.models.chats
      .find({ kind: 'room' })
      .sort({ lastMessageAt: -1 })
      .limit(MAX_LISTED)
      .lean();
    const prefix = asInSlug(query.q ?? '');
    const fitting = rooms.filter((room) => room.slug?.startsWith(prefix));
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

  /** Makes the room that is there from the start, unless it is there. */
  async ensureGeneral(): Promise<void> {
    if (!(await this.bySlug(GENERAL))) await this.insert(GENERAL, GENERAL, undefined);
  }

  private async existing(name: string): Promise<ChatDoc> {
    const chat = await this.bySlug(name);
    if (!chat) throw notFound('Room');
    return chat;
  }

  private async views(actor: Actor, chats: ChatDoc[]): Promise<RoomView[]> {
    const { memberships } = this.parts.models;
    const chatIds = chats.map(({ _id }) => _id);
    // Counting one room takes a look at an index alone; grouping all of them would read every membership.
    const [memberCounts, mine] = await Promise.all([
      Promise.all(chatIds.map((chatId) => memberships.countDocuments({ chatId }))),
      memberships
        .find({ chatId: trusted({ $in: chatIds }), userId: objectId(actor.userId) })
        .select({ chatId: 1, _id: 0 })
        .lean(),
    ]);
    const joined = new Set(mine.map(({ chatId }) => chatId.toHexString()));
    return chats.map((chat, i) => ({
      chat,
      memberCount: memberCounts[i]!,
      isMember: joined.has(chat._id.toHexString()),
    }));
  }

  /** A loser of the race for a name finds the winner's room. */
  private async insert(slug: string, name: string, ownerId: string | undefined): Promise<ChatDoc> {
    const { bus, clock, models, roster } = this.parts;
    try {
      const room = await models.chats.create({
        kind: 'room',
        status: 'accepted',
        initiator: objectId(ownerId ?? NOBODY),
        slug,
        name,
        lastMessageAt: new Date(clock.now()),
      });
      const chat = room.toObject();
      bus.emit(
        'chat.created',
        { chat: chatFacts(chat), memberIds: [], audience: audiences.users([]) },
        { scope: 'cluster' },
      );
      if (ownerId !== undefined) {
        await roster.add(chat._id.toHexString(), [ownerId], ownerId, 'owner');
      }
      return chat;
    } catch (error) {
      const winner = isDuplicateKey(error) ? await this.bySlug(slug) : undefined;
      if (!winner) throw error;
      return winner;
    }
  }
}

/** Rooms beyond this many are found by name, not by looking through the list. */
const MAX_LISTED = 1000;
