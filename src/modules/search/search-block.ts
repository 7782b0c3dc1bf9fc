import { fold } from '../../shared/fold.js';
import type { ChangedMessage, MessageRecord, MessageType } from '../messages/index.js';
import { MESSAGE_TYPES } from '../messages/index.js';
import type { BlockContent, SearchBlock } from './search.repository.js';
import type { Matcher } from './tokenizer.js';
import { FOLD_RULES, OPEN_TERM, termsOf } from './tokenizer.js';

/** Messages of one block. More make a search read less often, fewer make a new message write less. */
export const BLOCK_SIZE = 64;
/** A block with more different words than this is read by every search; its terms would cost more. */
const MAX_TERMS = 4096;

/** The searchable part of one message. */
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
  /** Folded text on one line; empty for messages that nobody may find. */
  text: string;
}

/** The part of a block that rows are made from. */
export type BlockText = Pick<SearchBlock, 'chatId' | 'text' | 'facts'>;

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

/** The number of the block that a message belongs to. */
export const blockNumberOf = (seq: number): number => Math.floor((seq - 1) / BLOCK_SIZE);

/** The searchable part of a message: its text and the names of its files. */
export const rowOf = ({ message, hiddenFor }: ChangedMessage): SearchRow => ({
  chatId: message.chatId,
  seq: message.seq,
  version: message.version,
  senderId: message.senderId,
  messageType: message.messageType,
  hasMedia: message.media.length > 0,
  createdAt: Date.parse(message.createdAt),
  hiddenFor,
  text: isSearchable(message) ? lineOf(message) : '',
});

const isSearchable = ({ deletedAt, messageType }: MessageRecord): boolean =>
  deletedAt === null && messageType !== 'system';

const lineOf = ({ content, media }: MessageRecord): string =>
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
 * The rows of a block whose text has the words, in the order of their messages. The facts are parsed only
 * when a text fits: most blocks have no such text.
 */
export const rowsOf = (
  { chatId, text, facts }: BlockText,
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

/**
 * The content of a block after some of its messages were written or changed. The other messages keep their
 * texts, so a block of older rules stays one.
 */
export const blockWith = (
  block: (BlockText & Pick<SearchBlock, 'rules'>) | undefined,
  changed: Iterable<SearchRow>,
): BlockContent => {
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
    rules: block ? (block.rules ?? null) : FOLD_RULES,
  };
};
