import type { MessageDoc, MessageRecord, MessageType } from '../messages/index.js';
import { MESSAGE_TYPES } from '../messages/index.js';
import type { SearchBlockDoc } from './search.model.js';
import { OPEN_TERM } from './search.model.js';
import type { Matcher } from './tokenizer.js';
import { fold, termsOf } from './tokenizer.js';

/** Messages of one block. More make a search read less often, fewer make a new message write less. */
export const BLOCK_SIZE = 64;
/** A block with more different words than this is read by every search; its terms would cost more. */
const MAX_TERMS = 4096;

/** What can be searched of one message. */
export interface SearchRow {
  chatId: string;
  seq: number;
  /** Version of the message that this was made from. */
  version: number;
  senderId: string;
  messageType: MessageType;
  hasMedia: boolean;
  /** Milliseconds. */
  createdAt: number;
  /** Users who have deleted the message for themselves. */
  hiddenFor: string[];
  /** Folded text on one line; empty for what nobody may find. */
  text: string;
}

/** The part of a block that rows are made from. */
type BlockContent = Pick<SearchBlockDoc, 'chatId' | 'text' | 'facts'>;

/** The facts of a row as they are stored: ids and types by their place in a list. */
type StoredFacts = [
  seq: number,
  version: number,
  sender: number,
  type: number,
  hasMedia: 0 | 1,
  createdAt: number,
  ...hiddenFor: string[],
];

interface StoredBlockFacts {
  senders: string[];
  rows: StoredFacts[];
}

/** What of a message its text is made of. */
type Searchable = Pick<MessageRecord, 'content' | 'media' | 'messageType'> & {
  deletedAt?: Date | string | null;
};

/** The number of the block that a message belongs to. */
export const blockNumberOf = (seq: number): number => Math.floor((seq - 1) / BLOCK_SIZE);

/** What can be searched of a message: its text and the names of its files. */
export const rowOf = (message: MessageDoc): SearchRow => ({
  chatId: message.chatId.toHexString(),
  seq: message.seq,
  version: message.version,
  senderId: message.senderId.toHexString(),
  messageType: message.messageType,
  hasMedia: message.media.length > 0,
  createdAt: message.createdAt.getTime(),
  hiddenFor: (message.deletedFor ?? []).map((id) => id.toHexString()),
  text: isSearchable(message) ? lineOf(message) : '',
});

/** As {@link rowOf}, of a message that has just been written: nobody can have deleted it yet. */
export const rowOfNew = (message: MessageRecord): SearchRow => ({
  chatId: message.chatId,
  seq: message.seq,
  version: message.version,
  senderId: message.senderId,
  messageType: message.messageType,
  hasMedia: message.media.length > 0,
  createdAt: new Date(message.createdAt).getTime(),
  hiddenFor: [],
  text: isSearchable(message) ? lineOf(message) : '',
});

const isSearchable = (message: Searchable): boolean =>
  message.deletedAt == null && message.messageType !== 'system';

const lineOf = ({ content, media }: Searchable): string =>
  fold([content, ...media.map(({ filename }) => filename ?? '')].join(' '))
    .replace(/\s+/g, ' ')
    .trim();

/** Whether a row belongs to the message's newest known state. */
const isNewer = (row: SearchRow, known: SearchRow | undefined): boolean =>
  !known || row.version > known.version;

/** Rows by message number, of each message the newest. */
export const newestRows = (rows: Iterable<SearchRow>): Map<number, SearchRow> => {
  const newest = new Map<number, SearchRow>();
  for (const row of rows) if (isNewer(row, newest.get(row.seq))) newest.set(row.seq, row);
  return newest;
};

/**
 * The rows of a block whose text has the words, in the order of their messages. The facts are looked
 * at only when a text fits: most blocks have none.
 */
export const rowsOf = (
  { chatId, text, facts }: BlockContent,
  { mayFit, fits }: Matcher,
): SearchRow[] => {
  if (!mayFit(text)) return [];
  const lines = text.split('\n');
  const found = [...lines.keys()].filter((place) => fits(lines[place]!));
  if (found.length === 0) return [];
  const { senders, rows } = JSON.parse(facts) as StoredBlockFacts;
  return found.flatMap((place) => {
    const row = rows[place];
    if (!row) return [];
    const [seq, version, sender, type, hasMedia, createdAt, ...hiddenFor] = row;
    return [
      {
        chatId: chatId.toHexString(),
        seq,
        version,
        senderId: senders[sender]!,
        messageType: MESSAGE_TYPES[type]!,
        hasMedia: hasMedia === 1,
        createdAt,
        hiddenFor,
        text: lines[place]!,
      },
    ];
  });
};

/** Fits every text. */
const ANY: Matcher = { mayFit: () => true, fits: () => true };

/** What a block holds after some of its messages were written or changed. */
export const blockWith = (
  block: BlockContent | undefined,
  changed: Iterable<SearchRow>,
): Pick<SearchBlockDoc, 'text' | 'facts' | 'terms'> => {
  const known = block ? rowsOf(block, ANY) : [];
  const rows = [...newestRows([...known, ...changed]).values()].sort((a, b) => a.seq - b.seq);
  const senders = [...new Set(rows.map(({ senderId }) => senderId))];
  const facts: StoredBlockFacts = {
    senders,
    rows: rows.map((row) => [
      row.seq,
      row.version,
      senders.indexOf(row.senderId),
      MESSAGE_TYPES.indexOf(row.messageType),
      row.hasMedia ? 1 : 0,
      row.createdAt,
      ...row.hiddenFor,
    ]),
  };
  const lines = rows.map(({ text }) => text);
  const terms = rows.length < BLOCK_SIZE ? undefined : termsOf(lines);
  return {
    text: lines.join('\n'),
    facts: JSON.stringify(facts),
    terms: !terms || terms.length > MAX_TERMS ? [OPEN_TERM] : terms,
  };
};
