import type { Logger } from '../../platform/logger.js';
import { CoalescedTask } from '../../platform/coalesced-task.js';
import type { Subscription } from '../../platform/event-bus.js';
import { AppError, invalidInput } from '../../shared/errors.js';
import type { AccessChangeEvents } from '../access-changes/index.js';
import type { FilterAction, WordFilterRepository, WordRule } from './word-filter.repository.js';
import { WordMatcher, masked } from './word-matcher.js';

/** Rules of a server, and of all its chats together: all nodes keep all of them in memory. */
export const MAX_RULES = 5000;

/** What becomes of a text that has filtered words. */
export interface Screened {
  action: FilterAction;
  /** The text with the words masked that are to be masked. */
  text: string;
}

/** The error for a text that has a word that may not be sent. It names no word: lists of them are not for everybody. */
export const messageRefused = (): AppError =>
  new AppError(
    'MESSAGE_REFUSED',
    'This message was refused: it has words that are not allowed here',
  );

/**
 * The filtered words, compiled and in memory. Every node reads them anew when the access-change feed says that they
 * have changed, within a second, with or without Redis.
 */
export class WordFilter {
  private server: WordMatcher | undefined;
  private readonly chats = new Map<string, WordMatcher>();
  private compiledFrom = '';
  private readonly reading = new CoalescedTask(() => this.read());

  constructor(
    private readonly deps: { rules: Pick<WordFilterRepository, 'all'>; logger: Logger },
  ) {}

  get subscriptions(): Subscription<AccessChangeEvents>[] {
    return [
      {
        event: 'access.recheck',
        phase: 'state',
        on: 'every-node',
        does: 'reads the word filters anew',
        run: async ({ kind }) => {
          if (kind === 'words') await this.refresh();
        },
      },
    ];
  }

  /** Reads the rules. A failure leaves the former ones in force; the feed asks again. */
  async refresh(): Promise<void> {
    try {
      await this.reading.run();
    } catch (error) {
      this.deps.logger.warn({ err: error }, 'the word filters could not be read');
    }
  }

  /** Reads the rules before the node takes connections. */
  start(): Promise<void> {
    return this.reading.run();
  }

  /** What becomes of a text in a chat; undefined when it has no filtered word. Asks nobody and waits for nothing. */
  screen(text: string, chatId: string | undefined): Screened | undefined {
    const own = chatId === undefined ? undefined : this.chats.get(chatId);
    if (!this.server && !own) return undefined;
    const hits = [...(this.server?.hits(text) ?? []), ...(own?.hits(text) ?? [])];
    if (hits.length === 0) return undefined;
    const has = (action: FilterAction) => hits.some((hit) => hit.action === action);
    return {
      action: has('refuse') ? 'refuse' : has('hold') ? 'hold' : 'mask',
      text: masked(
        text,
        hits.filter(({ action }) => action === 'mask'),
      ),
    };
  }

  /**
   * Refuses a name or description that has a filtered word, whatever its action: a name can be neither held nor
   * masked.
   *
   * @param names by the path of the input, as in `{ username: … }`; absent ones are not looked at.
   * @throws {AppError} VALIDATION
   */
  assertNames(names: Record<string, string | null | undefined>, chatId?: string): void {
    for (const [path, name] of Object.entries(names)) {
      if (name && this.screen(name, chatId)) {
        throw invalidInput(path, 'another one: this one has a word that is not allowed here');
      }
    }
  }

  /** Whether a name has no filtered word: for names that come from other systems. */
  isAllowed(name: string): boolean {
    return this.screen(name, undefined) === undefined;
  }

  private async read(): Promise<void> {
    const rules = await this.deps.rules.all(MAX_RULES);
    // The feed asks several times after each change.
    const state = rules
      .map(({ _id, updatedAt }) => `${_id.toHexString()}${updatedAt.getTime()}`)
      .join();
    if (state === this.compiledFrom) return;
    this.compiledFrom = state;
    const byChat = new Map<string, WordRule[]>();
    const everywhere: WordRule[] = [];
    for (const rule of rules) {
      const chatId = rule.chatId?.toHexString();
      if (chatId === undefined) everywhere.push(rule);
      else byChat.set(chatId, [...(byChat.get(chatId) ?? []), rule]);
    }
    this.server = everywhere.length > 0 ? new WordMatcher(everywhere) : undefined;
    this.chats.clear();
    for (const [chatId, own] of byChat) this.chats.set(chatId, new WordMatcher(own));
  }
}
