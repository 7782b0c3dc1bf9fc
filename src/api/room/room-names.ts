import { LRUCache } from 'lru-cache';
import type { ChatAccess } from '../../modules/chats/index.js';
import { atMost } from '../../shared/at-most.js';

/** Names that a node remembers. */
const MAX_NAMES = 50_000;

/** Finds the room dialect's name of a chat: a room's name, any other chat's id. */
export class RoomNames {
  private readonly known = new LRUCache<string, string>({ ...atMost(MAX_NAMES) });

  constructor(private readonly access: ChatAccess) {}

  /** The chat's name; synchronously when it is cached, so that a chat's events keep their order. */
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
