import { createHash } from 'node:crypto';
import type { ChatState } from '../chats/index.js';
import { readSeqOf } from '../chats/index.js';
import type { MessagesRepository } from '../messages/index.js';

/** The versions and tags that a client has, and the bounds of the answer. */
export interface SyncRequest {
  /** By chat id, the version up to which the client is up to date. */
  chats: Record<string, number>;
  /** By chat id, the tag of the chat's state as the client has it. */
  tags: Record<string, string>;
  /** `all`: all chats of the user, also those not named. `listed`: only the chats in `chats`. */
  scope: 'all' | 'listed';
  /** Only chats whose id comes after this one. */
  after?: string;
  /** Only chats whose id is this one or comes before it. */
  until?: string;
  /** Messages in the answer at most. */
  limit: number;
}

/** A client's version compared with the log: it is equal, behind or ahead. */
export type CursorState = 'current' | 'behind' | 'ahead';

/** A chat with changes for the client. */
export interface Plan {
  state: ChatState;
  tag: string;
  /** The client's version; undefined for a chat that it does not know. */
  cursor: number | undefined;
  cursorState: CursorState;
  /** Only the chat's state may differ, and the client has not sent the tag of its state. */
  isOptional: boolean;
}

/** Whether the request is about this chat, by the bounds of its portion. */
export const isWithin = (chatId: string, { after, until }: SyncRequest): boolean =>
  (after === undefined || chatId > after) && (until === undefined || chatId <= until);

/** The plan for a chat; empty when the client is up to date. */
export const planOf = (
  state: ChatState,
  request: SyncRequest,
  cursorStates: Map<string, CursorState>,
): Plan[] => {
  const chatId = state.chat._id.toHexString();
  const tag = stateTag(state);
  const cursorState = cursorStates.get(chatId) ?? 'current';
  const isKnown = cursorStates.has(chatId);
  const known = request.tags[chatId];
  const isCurrent = isKnown && cursorState === 'current';
  if (isCurrent && known === tag) return [];
  const cursor = isKnown ? request.chats[chatId] : undefined;
  return [{ state, tag, cursor, cursorState, isOptional: isCurrent && known === undefined }];
};

/**
 * A short digest of everything about a chat that is not a message: the chat itself, its members and their
 * positions, the viewer's own settings. Equal tags mean that none of it has changed.
 */
const stateTag = ({ chat, membership, members, memberCount, isBlocked }: ChatState): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        [chat.status, chat.name, chat.slug, chat.description, chat.picture],
        [membership.role, readSeqOf(membership), membership.clearedSeq, membership.hiddenSeq],
        [membership.archivedSeq, membership.mutedUntil, membership.pinnedAt],
        [membership.markedUnread, isBlocked, memberCount],
        [chat.externalId, chat.metadata, membership.metadata],
        [chat.slowModeSeconds, chat.onlyModeratorsPost],
        members
          .map(({ card, role, lastReadSeq, lastDeliveredSeq }) =>
            JSON.stringify([
              [card.id, card.name, card.avatar, role, lastReadSeq, lastDeliveredSeq],
              card.isDeactivated,
            ]),
          )
          .sort(),
      ]),
    )
    .digest('base64url')
    .slice(0, 12);

/** Chats in one query, and rows that it may answer. */
const BATCH = 100;
const MAX_ROWS = 2000;

/**
 * Compares many versions with the logs in few queries. The newest version of a chat is always in the log, so
 * a query from a client's version upwards finds nothing only when the client is ahead, which happens when the
 * database was restored from a backup.
 */
export class CursorStateFinder {
  constructor(private readonly messages: Pick<MessagesRepository, 'versionsFrom'>) {}

  /** Compares the version of each chat named in `versions` with its log. */
  async find(versions: Map<string, number>): Promise<Map<string, CursorState>> {
    const entries = [...versions];
    const batches: [string, number][][] = [];
    for (let i = 0; i < entries.length; i += BATCH) batches.push(entries.slice(i, i + BATCH));
    const found = await Promise.all(batches.map((batch) => this.findBatch(new Map(batch))));
    return new Map(found.flatMap((cursorStates) => [...cursorStates]));
  }

  private async findBatch(versions: Map<string, number>): Promise<Map<string, CursorState>> {
    const rows = await this.messages.versionsFrom(versions, MAX_ROWS);
    const cursorStates = new Map<string, CursorState>();
    for (const { chatId, version } of rows) {
      if (version > versions.get(chatId)!) cursorStates.set(chatId, 'behind');
      else if (!cursorStates.has(chatId)) cursorStates.set(chatId, 'current');
    }
    if (rows.length === MAX_ROWS) return this.findRest(versions, cursorStates);
    for (const [chatId, version] of versions) {
      if (!cursorStates.has(chatId)) cursorStates.set(chatId, version > 0 ? 'ahead' : 'current');
    }
    return cursorStates;
  }

  /** When an answer was cut off, only the chats that are behind are certain; the others are queried again. */
  private async findRest(
    versions: Map<string, number>,
    cursorStates: Map<string, CursorState>,
  ): Promise<Map<string, CursorState>> {
    const behind = [...cursorStates].filter(([, cursorState]) => cursorState === 'behind');
    const certain = new Map(behind);
    const rest = new Map([...versions].filter(([chatId]) => !certain.has(chatId)));
    return rest.size === 0 ? certain : new Map([...certain, ...(await this.findBatch(rest))]);
  }
}
