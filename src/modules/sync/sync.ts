import type { Logger } from '../../platform/logger.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type {
  ChatList,
  ChatRecord,
  ChatsRepository,
  ChatState,
  Contacts,
  MemberRows,
  MembershipRecord,
} from '../chats/index.js';
import type { HeldMessages, MessageView } from '../messages/index.js';
import type { UserDirectory } from '../users/index.js';
import type { ChatChanges, SyncedChat } from './chat-changes.js';
import type { CursorState, CursorStateFinder, Plan, SyncRequest } from './sync-plan.js';
import { isWithin, planOf } from './sync-plan.js';

/** The changes that a client lacks. */
export interface SyncResult {
  chats: SyncedChat[];
  /** Chats that the client named and that are not its user's. */
  removed: string[];
  /** The user's messages that wait outside the log, of all chats that the request covers. */
  held: MessageView[];
  /** Ids of those whom the user has blocked. */
  blocked: string[];
  hasMore: boolean;
}

/** Chats in one answer. */
const MAX_CHATS = 200;
/** Chats that are read, or whose deliveries are recorded, at a time. */
const CONCURRENCY = 8;

/** Finds the changes that a client lacks: at its first start, after an outage, a gap, or a hint. */
export class Sync {
  constructor(
    private readonly deps: {
      chats: Pick<ChatsRepository, 'byActivity'>;
      list: Pick<ChatList, 'states'>;
      cursorStates: CursorStateFinder;
      changes: ChatChanges;
      /** Updates the lists with this node's writes. */
      settlePreviews(): Promise<void>;
      /** Records that one of the user's devices has received all messages up to a number. */
      markDelivered(chatId: string, userId: string, seq: number): Promise<void>;
      heldMessages: Pick<HeldMessages, 'own'>;
      contacts: Pick<Contacts, 'blocksOf'>;
      directory: Pick<UserDirectory, 'card'>;
      logger: Logger;
    },
  ) {}

  /**
   * Everything that the actor may see and the client lacks, in bounded pages. Current membership decides; of
   * chats that the actor is not in, the answer contains only their ids.
   */
  async sync(actor: Actor, request: SyncRequest): Promise<SyncResult> {
    const { cursorStates: finder, list } = this.deps;
    await this.deps.settlePreviews();
    const listed = Object.keys(request.chats);
    const { mine, memberships, found, members } = await this.chatsOf(actor, request, listed);
    const [states, cursorStates] = await Promise.all([
      list.states.of(actor, found, memberships, members),
      finder.find(
        new Map(Object.entries(request.chats).filter(([chatId]) => memberships.has(chatId))),
      ),
    ]);
    const plans = states
      .flatMap((state) => planOf(state, request, cursorStates))
      .sort((a, b) => Number(a.isOptional) - Number(b.isOptional));
    const { done, isCut } = await this.carryOut(actor, plans, request.limit);
    await this.recordDeliveries(actor.userId, states, cursorStates, done);
    return {
      held: await this.held(actor, new Set(mine.keys()), request),
      blocked: [...(await this.deps.contacts.blocksOf(actor.userId)).byUser],
      chats: done,
      removed: listed.filter((chatId) => !mine.has(chatId)),
      hasMore: isCut || done.some(({ hasMore }) => hasMore),
    };
  }

  /** The actor's chats that the request is about; `mine`: all memberships that it may name. */
  private async chatsOf(
    actor: Actor,
    request: SyncRequest,
    listed: string[],
  ): Promise<{
    mine: Map<string, MembershipRecord>;
    memberships: Map<string, MembershipRecord>;
    found: ChatRecord[];
    members?: MemberRows | undefined;
  }> {
    const { chats, list } = this.deps;
    const chatIds = request.scope === 'listed' ? listed.map(objectId) : undefined;
    if (request.after === undefined && request.until === undefined) {
      const own = await list.states.ownChats(actor.userId, {
        ...(chatIds && { chatIds }),
        withMembers: true,
      });
      const { memberships, members } = own;
      return { mine: memberships, memberships, found: own.chats, members };
    }
    // Of a portion, only the chats within it are read.
    const mine = await list.states.membershipsOf(actor.userId, chatIds);
    const memberships = new Map([...mine].filter(([chatId]) => isWithin(chatId, request)));
    const found = await chats.byActivity([...memberships.values()].map(({ chatId }) => chatId));
    return { mine, memberships, found };
  }

  /** Held messages have no version by which a client could ask for them, and there are few: it gets all of them. */
  private async held(
    { userId }: Actor,
    mine: ReadonlySet<string>,
    { after }: SyncRequest,
  ): Promise<MessageView[]> {
    if (after !== undefined) return [];
    const own = await this.deps.heldMessages.own(userId);
    if (own.length === 0) return [];
    const sender = await this.deps.directory.card(userId);
    const shown = own.filter(({ chatId }) => mine.has(chatId));
    return shown.map((message) => ({ message, sender, status: 'sent' }));
  }

  /** Reads chat by chat, a few at a time, until the answer is full. */
  private async carryOut(
    actor: Actor,
    plans: Plan[],
    limit: number,
  ): Promise<{ done: SyncedChat[]; isCut: boolean }> {
    const done: SyncedChat[] = [];
    let room = limit;
    while (done.length < Math.min(plans.length, MAX_CHATS) && room > 0) {
      const size = Math.min(CONCURRENCY, room, MAX_CHATS - done.length);
      const batch = plans.slice(done.length, done.length + size);
      const share = Math.floor(room / batch.length);
      const synced = await Promise.all(
        batch.map((plan) => this.deps.changes.read(actor, plan, share)),
      );
      done.push(...synced);
      room -= synced.reduce((sum, chat) => sum + chat.messages.length + chat.hidden.length, 0);
    }
    return { done, isCut: plans.slice(done.length).some(({ isOptional }) => !isOptional) };
  }

  /**
   * A client that has a log to its end has received it. A failure is logged and does not fail the sync.
   */
  private async recordDeliveries(
    userId: string,
    states: ChatState[],
    cursorStates: Map<string, CursorState>,
    done: SyncedChat[],
  ): Promise<void> {
    const complete = new Map(
      done
        .filter(({ hasMore }) => !hasMore)
        .map(({ state, newest }) => [state.chat._id.toHexString(), newest.seq]),
    );
    const moved = states.flatMap(({ chat, membership }) => {
      const chatId = chat._id.toHexString();
      const isCurrent = cursorStates.get(chatId) === 'current';
      const seq = complete.get(chatId) ?? (isCurrent ? chat.lastSeq : 0);
      return seq > membership.lastDeliveredSeq ? [{ chatId, seq }] : [];
    });
    for (let i = 0; i < moved.length; i += CONCURRENCY) {
      try {
        await Promise.all(
          moved
            .slice(i, i + CONCURRENCY)
            .map(({ chatId, seq }) => this.deps.markDelivered(chatId, userId, seq)),
        );
      } catch (error) {
        this.deps.logger.warn({ err: error }, 'deliveries of a sync were not recorded');
      }
    }
  }
}
