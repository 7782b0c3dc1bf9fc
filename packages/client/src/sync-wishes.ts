import type { ChatStore } from './chat-store.js';
import type { SyncRequest } from './wire.types.js';

/**
 * Chats that one request names. The server allows more; the space is for chats that are told of while a
 * portion is asked for again and again until it has no more.
 */
export const MAX_NAMED = 2000;

/** The chats whose ids lie after one and up to another; without both, all chats. */
type Portion = Pick<SyncRequest, 'after' | 'until'>;

/** What is still to be asked of the server, in requests of a size that it takes. */
export class SyncWishes {
  /** What is still to be asked for of a sync of all chats. */
  private readonly portions: Portion[] = [];
  /** All chats are to be asked for once more, after the portions that are still to come. */
  private againAll = false;
  /** Chats that are to be asked for beside that. */
  private readonly wanted = new Set<string>();

  /** @param stores the chats that the device has, by id. */
  constructor(private readonly stores: ReadonlyMap<string, ChatStore>) {}

  /** Whether there is anything to ask for. */
  get areOpen(): boolean {
    return this.portions.length > 0 || this.againAll || this.wanted.size > 0;
  }

  /** Wishes for all chats. */
  addAll(): void {
    // Beginning anew at once, again and again, would never come to the last portion.
    this.againAll = true;
  }

  /** Wishes for one chat. */
  add(chatId: string): void {
    this.wanted.add(chatId);
  }

  /** Wishes again for what was asked for, because there was no answer, or there is more. */
  putBack({ scope, chats, after, until }: SyncRequest): void {
    if (scope === 'listed') for (const chatId of Object.keys(chats)) this.wanted.add(chatId);
    else this.portions.unshift({ ...(after && { after }), ...(until && { until }) });
  }

  /** The next request, with how far the device is now. What it asks for is no wish any more. */
  take(): SyncRequest {
    const portion = this.takePortion();
    const ids = portion ? this.idsIn(portion) : [...this.wanted].slice(0, MAX_NAMED);
    for (const chatId of ids) this.wanted.delete(chatId);
    const chats: Record<string, number> = {};
    const tags: Record<string, string> = {};
    for (const chatId of ids) {
      const store = this.stores.get(chatId);
      if (!store) continue;
      chats[chatId] = store.version;
      if (store.tag !== undefined) tags[chatId] = store.tag;
    }
    return { chats, tags, scope: portion ? 'all' : 'listed', ...portion };
  }

  /** The next portion of a sync of all chats, small enough that its chats can be named. */
  private takePortion(): Portion | undefined {
    const portion = this.portions.shift() ?? (this.againAll ? {} : undefined);
    if (!portion) return undefined;
    if (isWhole(portion)) this.againAll = false;
    const ids = this.idsIn(portion);
    if (ids.length <= MAX_NAMED) return portion;
    const size = Math.ceil(ids.length / Math.ceil(ids.length / MAX_NAMED));
    const last = ids[size - 1]!;
    this.portions.unshift({ ...portion, after: last });
    return { ...portion, until: last };
  }

  private idsIn({ after, until }: Portion): string[] {
    return [...this.stores.keys()]
      .filter((id) => (after === undefined || id > after) && (until === undefined || id <= until))
      .sort();
  }
}

const isWhole = ({ after, until }: Portion): boolean => after === undefined && until === undefined;
