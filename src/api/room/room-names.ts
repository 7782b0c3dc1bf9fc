import { LRUCache } from 'lru-cache';
import type { ChatAccess } from '../../modules/chats/index.js';

/** Names that a node remembers. */
const MAX_NAMES = 50_000;

/** What the room dialect calls a chat: a room by its name, any other chat by its id. */
export class RoomNames {
  private readonly known = new LRUCache<string, string>({ max: MAX_NAMES });

  constructor(private readonly access: ChatAccess) {}

  /** The chat's name; at once when it is known, so that what is said of a chat keeps its order. */
  of(chatId: string): string | Promise<string> {
    return this.known.get(chatId) ?? this.lookUp(chatId);
  }

  private async lookUp(chatId: string): Promise<string> {
    const chat = await this.access.snapshot(chatId);
    const name = chat?.slug ?? chatId;
    this.known.set(chatId, name);
    return name;
  }
}
