import type { SearchRow } from './search-block.js';

/** What is known of a chat that has changed. */
export interface Noted {
  /** Its new messages; undefined when there is more to know than these. */
  rows: SearchRow[] | undefined;
}

/** New messages that are kept of one chat, and of all. */
const MAX_ROWS = 200;
const MAX_IN_ALL = 20_000;

/** Chats that have changed since they were last taken in, and their new messages as far as they fit. */
export class NotedRows {
  private chats = new Map<string, Noted>();
  private count = 0;

  /** Notes a change: a new message, or one that only the log knows. */
  add(chatId: string, row: SearchRow | undefined): void {
    const noted = this.chats.get(chatId) ?? { rows: [] };
    this.chats.set(chatId, noted);
    if (!row || this.count >= MAX_IN_ALL || noted.rows?.length === MAX_ROWS) {
      this.count -= noted.rows?.length ?? 0;
      noted.rows = undefined;
    } else if (noted.rows) {
      noted.rows.push(row);
      this.count += 1;
    }
  }

  /** Whether the chat has changed. */
  has(chatId: string): boolean {
    return this.chats.has(chatId);
  }

  /** Everything noted so far; it counts as taken in from now on. */
  take(): Map<string, Noted> {
    const taken = this.chats;
    this.chats = new Map();
    this.count = 0;
    return taken;
  }
}

/**
 * The rows after a version, when they are all that came after it: numbers have no holes, so a hole means
 * that something else has happened, here or on another node. Else undefined.
 */
export const rowsFollowing = (
  version: number,
  rows: SearchRow[] | undefined,
): SearchRow[] | undefined => {
  if (!rows) return undefined;
  const following = rows
    .filter((row) => row.version > version)
    .sort((a, b) => a.version - b.version);
  return following.every((row, i) => row.version === version + 1 + i) ? following : undefined;
};
