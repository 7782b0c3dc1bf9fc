import type { ChatAccess, ChatSnapshot } from '../chats/index.js';

/** Finds accounts by their names. */
export interface UsernameLookup {
  /** User ids by username in lower case, of those names that are somebody's. */
  idsByUsername(usernames: string[]): Promise<Map<string, string>>;
}

/** Names that one message can mention. */
const MAX_MENTIONS = 50;
/** Characters of the longest username. */
const MAX_NAME = 30;

/**
 * An @ and a username behind it. The character before it may be a letter of a script other than Latin, which
 * people write without a space, but none that makes it an e-mail address; after it comes no Latin letter,
 * which would make it another name. Underscores before it are markup.
 */
const MENTION =
  /@(?<![\p{Script=Latin}\d@]_*@)([A-Za-z0-9_.-]{3,})(?![\p{Script=Latin}\p{M}\d_.-])/gu;
/** What may end a sentence, or emphasis, rather than the name. */
const AFTER_NAME = '._-';

/** The name without the signs at its end. A pattern would look at every run of signs in it once for each sign. */
const withoutEnd = (name: string): string => {
  let end = name.length;
  while (end > 0 && AFTER_NAME.includes(name[end - 1]!)) end -= 1;
  return name.slice(0, end);
};

// Each of these begins where nothing that it could begin with stands before, or looks back only from an @, so that
// it looks once at every sign.
/** Addresses, up to white space, quotes, angle brackets, and the signs that end a sentence in East Asia. */
const URL =
  /(?:(?<![a-z0-9+.-])[a-z0-9+.-]+:\/\/|(?<![a-z0-9.-])www\.)[^\s<>"`\u3000-\u3002\u3008-\u3011\uFF01\uFF08\uFF09\uFF0C\uFF1A\uFF1B\uFF1F]+/giu;
/** A host with a path, as people write it without `https://`. */
const BARE_URL = /(?<![a-z0-9.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\/[^\s<>"`]*/giu;
/** The end of an e-mail address whose local part ends with a sign. */
const MAIL = /@(?<=[\p{Script=Latin}\d][%+'-]+@)[a-z0-9-]+(?:\.[a-z0-9-]+)+/giu;

/**
 * Where code may begin: at the line that opens a fenced block, within quotes and lists too, or at a run of backticks
 * in a line. A backtick behind a backslash is text.
 */
const CODE =
  /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)]))*[ \t]*(?<fence>`{3,}(?=[^`\n]*$)|~{3,})|\\`|(?<run>`+)/gm;

/** Puts a space where code is: in fenced blocks, and between equal runs of backticks. */
const withoutCode = (content: string): string => {
  if (!/[`~]/.test(content)) return content;
  const text = content.replace(/\r\n?/g, '\n');
  const runs = runsOf(text);
  const tokens = new RegExp(CODE);
  let kept = '';
  let at = 0;
  for (let token = tokens.exec(text); token; token = tokens.exec(text)) {
    const { fence, run } = token.groups!;
    let end: number | undefined;
    if (fence) end = endOfBlock(text, fence, tokens.lastIndex);
    else if (run) end = endOfSpan(text, runs, run.length, token.index);
    if (end === undefined) continue;
    kept += `${text.slice(at, token.index)} `;
    at = end;
    tokens.lastIndex = end;
  }
  return kept + text.slice(at);
};

/** A block ends with a line that begins with as many of its sign, or with the text. */
const endOfBlock = (text: string, fence: string, from: number): number => {
  const closing = new RegExp(`^[ \\t>]*${fence}${fence[0]}*`, 'gm');
  closing.lastIndex = from;
  return closing.exec(text) ? closing.lastIndex : text.length;
};

/** The places of runs of backticks, by their length. */
const runsOf = (text: string): Map<number, number[]> => {
  const runs = new Map<number, number[]>();
  for (const { 0: run, index } of text.matchAll(/`+/g)) {
    const places = runs.get(run.length);
    if (places) places.push(index);
    else runs.set(run.length, [index]);
  }
  return runs;
};

/**
 * A span ends with the next run of the same length: in its paragraph, unless it has as many backticks as a
 * block. Without such a run there is no span.
 */
const endOfSpan = (
  text: string,
  runs: Map<number, number[]>,
  length: number,
  start: number,
): number | undefined => {
  const places = runs.get(length)!;
  // Runs before the start are never needed again.
  while (places[0] !== undefined && places[0] <= start) places.shift();
  const [place] = places;
  if (place === undefined) return undefined;
  const isBlock = length >= MIN_FENCE;
  return isBlock || !/\n[ \t]*\n/.test(text.slice(start, place)) ? place + length : undefined;
};
/** Backticks or tildes of a block. */
const MIN_FENCE = 3;

/**
 * The usernames that a text mentions, in lower case: of each mention all possible names, the longest first,
 * because its last characters may belong to the sentence. Nothing in code, e-mail addresses and URLs is a
 * mention.
 */
export const mentionedNames = (content: string): string[][] => {
  // A cheap check that is enough for most messages. The wide @ is that of East Asian keyboards.
  if (!/[@\uFF20\uFE6B]/.test(content)) return [];
  const text = withoutCode(content)
    .replace(URL, ' ')
    .normalize('NFKC')
    .replace(BARE_URL, ' ')
    .replace(MAIL, ' ');
  const mentions = new Map<string, string[]>();
  for (const [, name = ''] of text.matchAll(MENTION)) {
    const written = name.toLowerCase();
    const names = [written, withoutEnd(written)].filter(
      ({ length }, i, both) => length >= 3 && length <= MAX_NAME && both.indexOf(both[i]!) === i,
    );
    if (names.length > 0) mentions.set(written, names);
    if (mentions.size === MAX_MENTIONS) break;
  }
  return [...mentions.values()];
};

/** Turns `@username` in a text into the ids of members. */
export class MentionResolver {
  constructor(
    private readonly directory: UsernameLookup,
    private readonly access: Pick<ChatAccess, 'role'>,
  ) {}

  /** The members whom a text mentions; names of people outside the chat mention nobody. */
  async resolve(chat: ChatSnapshot, content: string): Promise<string[]> {
    const mentions = mentionedNames(content);
    if (mentions.length === 0) return [];
    const found = await this.directory.idsByUsername([...new Set(mentions.flat())]);
    const ids = [...new Set(found.values())];
    const roles = await Promise.all(ids.map((id) => this.access.role(chat, id)));
    const members = new Set(ids.filter((_, index) => roles[index]));
    const mentioned = mentions.flatMap((names) => {
      const candidates = names.flatMap((name) => found.get(name) ?? []);
      return candidates.find((id) => members.has(id)) ?? [];
    });
    return [...new Set(mentioned)];
  }
}
