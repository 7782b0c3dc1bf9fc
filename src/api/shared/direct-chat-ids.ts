import { LRUCache } from 'lru-cache';
import type { DirectChats } from '../../modules/chats/index.js';
import type { Actor } from '../../shared/actor.js';
import { atMost } from '../../shared/at-most.js';

/** Pairs that a node remembers. */
const MAX_PAIRS = 50_000;

/**
 * Finds the chat with a person, for dialects that name the person instead of the chat. A pair's chat never
 * changes, so it is cached; access is checked with every call.
 */
export class DirectChatIds {
  private readonly known = new LRUCache<string, string>({ ...atMost(MAX_PAIRS) });

  constructor(private readonly directChats: DirectChats) {}

  /**
   * The chat with a person, opened when there is none.
   *
   * @throws {AppError} as opening a chat does.
   */
  async open(actor: Actor, otherId: string): Promise<string> {
    const known = this.known.get(keyOf(actor.userId, otherId));
    if (known !== undefined) return known;
    const { chat } = await this.directChats.getOrCreate(actor, otherId, 'open');
    return this.remember(actor.userId, otherId, chat._id.toHexString());
  }

  /** The chat with a person; undefined while there is none. */
  async find(actor: Actor, otherId: string): Promise<string | undefined> {
    const known = this.known.get(keyOf(actor.userId, otherId));
    if (known !== undefined) return known;
    const chatId = await this.directChats.existing(actor.userId, otherId);
    return chatId && this.remember(actor.userId, otherId, chatId);
  }

  private remember(userId: string, otherId: string, chatId: string): string {
    this.known.set(keyOf(userId, otherId), chatId);
    return chatId;
  }
}

const keyOf = (a: string, b: string): string => [a, b].sort().join(':');
