import type { ChatAccess, ChatSnapshot } from '../chats/index.js';

/** Finds accounts by their names. */
export interface UsernameLookup {
  /** User ids by username in lower case, of those names that are somebody's. */
  idsByUsername(usernames: string[]): Promise<Map<string, string>>;
}

/** Names that one message can mention. */
const MAX_MENTIONS = 50;
/** An @ that does not stand inside a word or an address, and a username behind it. */
const MENTION = /(?<![\p{L}\p{N}_@])@([A-Za-z0-9_.-]{3,30})/gu;
/** The variation selector for the coloured form of a sign such as the heart. */
const COLOURED = '\uFE0F';
/** One complete emoji, as Unicode recommends them for interchange: also flags, families, skin tones. */
const RECOMMENDED = new RegExp('^\\p{RGI_Emoji}$', 'v');

/**
 * The one form under which an emoji is stored, so that the same reaction from two keyboards is the
 * same reaction.
 *
 * @returns undefined for anything that is not exactly one emoji.
 */
export const canonicalEmoji = (text: string): string | undefined =>
  [text, text + COLOURED].find((candidate) => RECOMMENDED.test(candidate));

/** The usernames that a text mentions, in lower case. A name's last dot may be the sentence's. */
export const mentionedNames = (content: string): string[] => {
  const names = new Set<string>();
  for (const [, name = ''] of content.matchAll(MENTION)) {
    names.add(name.toLowerCase());
    names.add(name.replace(/[.-]+$/, '').toLowerCase());
    if (names.size >= MAX_MENTIONS * 2) break;
  }
  return [...names];
};

/** Turns `@username` in a text into the ids of members. */
export class MentionResolver {
  constructor(
    private readonly directory: UsernameLookup,
    private readonly access: Pick<ChatAccess, 'role'>,
  ) {}

  /** The members whom a text mentions; names of people outside the chat mention nobody. */
  async resolve(chat: ChatSnapshot, content: string): Promise<string[]> {
    const names = mentionedNames(content);
    if (names.length === 0) return [];
    const ids = [...new Set((await this.directory.idsByUsername(names)).values())];
    const roles = await Promise.all(ids.map((id) => this.access.role(chat, id)));
    return ids.filter((_, index) => roles[index]).slice(0, MAX_MENTIONS);
  }
}
