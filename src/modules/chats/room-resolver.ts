import { LRUCache } from 'lru-cache';
import type { Actor } from '../../shared/actor.js';
import { notFound } from '../../shared/errors.js';
import { isId } from '../../shared/ids.js';
import type { ChatAccess, ChatDoc } from './index.js';
import { roomSlug } from './room-slug.js';
import type { PublicRooms } from './rooms.js';
import { GENERAL } from './rooms.js';

/** Names that a node remembers. */
const MAX_NAMES = 10_000;

/**
 * Finds the chat that a `room` means: the name of a public room, or the id of any chat. What looks like
 * an id is never a name, so that nobody can set up a room in another chat's place.
 */
export class RoomResolver {
  /** Ids by slug; a room keeps its slug for ever. */
  private readonly known = new LRUCache<string, string>({ max: MAX_NAMES });

  constructor(
    private readonly rooms: PublicRooms,
    private readonly access: ChatAccess,
  ) {}

  /**
   * The chat to read from.
   *
   * @throws {AppError} NOT_FOUND for a name that no room has.
   */
  async find(room = GENERAL): Promise<string> {
    const id = idIn(room);
    if (id !== undefined) return id;
    const known = this.remembered(room);
    if (known !== undefined) return known;
    const chat = await this.rooms.bySlug(room);
    if (!chat) throw notFound('Room');
    return this.remember(chat);
  }

  /**
   * The chat to take part in: a room is made when there is none of this name, and the actor becomes a
   * member of it.
   *
   * @throws {AppError} NOT_FOUND for a chat by id that the actor is not in, VALIDATION for an impossible
   *   name, RATE_LIMITED.
   */
  async enter(actor: Actor, room: string): Promise<string> {
    const id = idIn(room);
    if (id !== undefined) {
      await this.access.member(actor.userId, id);
      return id;
    }
    const known = this.remembered(room);
    const chatId = known ?? this.remember(await this.rooms.ensure(room, actor));
    const chat = await this.access.snapshot(chatId);
    const isMember = chat && (await this.access.role(chat, actor.userId)) !== undefined;
    if (isMember) return chatId;
    await this.rooms.join(actor, room);
    // Another node may have let the actor in, and its word of it may still be on the way.
    this.access.forget(chatId);
    return chatId;
  }

  private remembered(room: string): string | undefined {
    const slug = roomSlug(room);
    return slug === undefined ? undefined : this.known.get(slug);
  }

  private remember({ _id, slug = '' }: ChatDoc): string {
    const chatId = _id.toHexString();
    this.known.set(slug, chatId);
    return chatId;
  }
}

const idIn = (room: string): string | undefined => {
  const id = room.trim().toLowerCase();
  return isId(id) ? id : undefined;
};
