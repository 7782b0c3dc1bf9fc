import { trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { AccessModels, ChatDoc, ChatList } from '../chats/index.js';
import type { ChatChangesParts, SyncedChat } from './chat-changes.js';
import { ChatChanges } from './chat-changes.js';
import { CursorStateFinder } from './cursor-state-finder.js';
import type { SyncDeliveriesParts } from './sync-deliveries.js';
import { SyncDeliveries } from './sync-deliveries.js';
import type { Plan, SyncRequest } from './sync-plan.js';
import { planOf } from './sync-plan.js';

/** What a client lacks. */
export interface SyncResult {
  chats: SyncedChat[];
  /** Chats that the client named and that are not its user's. */
  removed: string[];
  hasMore: boolean;
}

/** What syncing is built from. */
export interface SyncParts extends ChatChangesParts, SyncDeliveriesParts {
  models: Pick<AccessModels, 'chats'>;
  list: ChatList;
  /** Makes the lists catch up with what this node has written. */
  settlePreviews(): Promise<void>;
}

/** Chats in one answer, and chats read at a time. */
const MAX_CHATS = 200;
const CONCURRENCY = 8;

/** Finds what a client lacks: at its first start, after an outage, a gap, or a hint. */
export class Sync {
  private readonly cursorStates: CursorStateFinder;
  private readonly changes: ChatChanges;
  private readonly deliveries: SyncDeliveries;

  constructor(private readonly parts: SyncParts) {
    this.cursorStates = new CursorStateFinder(parts.messages);
    this.changes = new ChatChanges(parts);
    this.deliveries = new SyncDeliveries(parts);
  }

  /**
   * Everything that the actor may see and the client lacks, in bounded pages. Membership is what it is
   * now; of chats that the actor is not in, nothing is told but that.
   */
  async sync(actor: Actor, request: SyncRequest): Promise<SyncResult> {
    await this.parts.settlePreviews();
    const listed = Object.keys(request.chats);
    const mine = await this.parts.list.states.membershipsOf(
      actor.userId,
      request.scope === 'listed' ? listed.map(objectId) : undefined,
    );
    const memberships = new Map([...mine].filter(([chatId]) => isWithin(chatId, request)));
    const chats = await this.chatsOf([...memberships.values()].map(({ chatId }) => chatId));
    const [states, cursorStates] = await Promise.all([
      this.parts.list.states.of(actor, chats, memberships),
      this.cursorStates.find(
        new Map(Object.entries(request.chats).filter(([chatId]) => memberships.has(chatId))),
      ),
    ]);
    const plans = states
      .flatMap((state) => planOf(state, request, cursorStates))
      .sort((a, b) => Number(a.isOptional) - Number(b.isOptional));
    const { done, isCut } = await this.carryOut(actor, plans, request.limit);
    await this.deliveries.note(actor, states, cursorStates, done);
    return {
      chats: done,
      removed: listed.filter((chatId) => !mine.has(chatId)),
      hasMore: isCut || done.some(({ hasMore }) => hasMore),
    };
  }

  private async chatsOf(chatIds: ChatDoc['_id'][]): Promise<ChatDoc[]> {
    return this.parts.models.chats
      .find({ _id: trusted({ $in: chatIds }) })
      .sort({ lastMessageAt: -1, _id: -1 })
      .lean();
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
      const synced = await Promise.all(batch.map((plan) => this.changes.read(actor, plan, share)));
      done.push(...synced);
      room -= synced.reduce((sum, chat) => sum + chat.messages.length + chat.hidden.length, 0);
    }
    return { done, isCut: plans.slice(done.length).some(({ isOptional }) => !isOptional) };
  }
}

const isWithin = (chatId: string, { after, until }: SyncRequest): boolean =>
  (after === undefined || chatId > after) && (until === undefined || chatId <= until);
