import type { Types } from 'mongoose';
import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { audiences } from '../../shared/audience.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type {
  StoredMessage,
  MessageLookups,
  MessageReader,
  MessageView,
} from '../messages/index.js';
import type { StarEvents, StarState } from './stars.events.js';
import type { NewStar, StarRecord, StarsRepository } from './stars.repository.js';

/** The message to star; when `chatId` is given, it must be of this chat. */
export interface StarTarget {
  messageId: string;
  chatId?: string | undefined;
}

/** Which stars to read; `before` is the id of a star. */
export interface StarQuery {
  before?: string;
  limit: number;
}

/** A message that the user has starred. */
export interface StarredMessage extends MessageView {
  starId: string;
  starredAt: Date;
}

/** Stars that a user may have; a few more when several devices star at the same moment. */
const MAX_STARS = 10_000;
/** Stars that a page reads at least when the first read did not fill it, so that reads stay few. */
const MIN_NEXT_READ = 100;

/** A user's starred messages, which nobody else hears of. */
export class Stars {
  constructor(
    private readonly deps: {
      stars: StarsRepository;
      reader: Pick<MessageReader, 'visible'>;
      lookups: Pick<MessageLookups, 'shownAmong'>;
      bus: Publisher<StarEvents>;
      clock: Clock;
    },
  ) {}

  /**
   * Stars a message that the actor may see. Starring it again changes nothing.
   *
   * @throws {AppError} NOT_FOUND, GONE for a deleted message, CONFLICT when the actor has {@link MAX_STARS}.
   */
  async star(actor: Actor, target: StarTarget): Promise<StarState> {
    const { clock, stars } = this.deps;
    const doc = await this.visible(actor, target);
    if (doc.deletedAt) throw new AppError('GONE', 'This message is deleted');
    const existing = await stars.find(actor.userId, target.messageId);
    if (existing) return stateOf(existing);
    if ((await stars.count(actor.userId, MAX_STARS)) >= MAX_STARS) throw tooManyStars();
    const star: NewStar = {
      userId: objectId(actor.userId),
      messageId: doc._id,
      chatId: doc.chatId,
      seq: doc.seq,
      starredAt: new Date(clock.now()),
    };
    const earlier = await stars.insert(star);
    if (!earlier) this.emit(actor, stateOf(star));
    return stateOf(earlier ?? star);
  }

  /**
   * Takes a star back. A message that is not starred stays so.
   *
   * @throws {AppError} NOT_FOUND for a message that is not starred and that the actor may not see.
   */
  async unstar(actor: Actor, target: StarTarget): Promise<StarState> {
    const removed = await this.deps.stars.remove(actor.userId, target.messageId, target.chatId);
    // What is starred may be taken back even when the actor does not see it any more.
    const { chatId } = removed ?? (await this.visible(actor, target));
    const state = unstarred(chatId, target.messageId);
    if (removed) this.emit(actor, state);
    return state;
  }

  /** The actor's starred messages, last starred first, without those that the actor no longer sees. */
  async list(
    actor: Actor,
    { before, limit }: StarQuery,
  ): Promise<{ starred: StarredMessage[]; hasMore: boolean }> {
    const starred: StarredMessage[] = [];
    let last = before;
    // One more than is shown tells whether there is more.
    for (let count = limit + 1; ; count = Math.max(count, MIN_NEXT_READ)) {
      const rows = await this.deps.stars.newest(actor.userId, last, count);
      starred.push(...(await this.shown(actor, rows)));
      if (starred.length > limit || rows.length < count) break;
      last = rows.at(-1)?._id.toHexString();
    }
    return { starred: starred.slice(0, limit), hasMore: starred.length > limit };
  }

  private async visible(actor: Actor, { messageId, chatId }: StarTarget): Promise<StoredMessage> {
    const { doc, chat } = await this.deps.reader.visible(actor, messageId);
    if (chatId !== undefined && chatId !== chat.id) throw notFound('Message');
    return doc;
  }

  /** Those of the stars whose messages the actor sees, with these, in the order of the stars. */
  private async shown(actor: Actor, rows: StarRecord[]): Promise<StarredMessage[]> {
    const messageIds = rows.map(({ messageId }) => messageId.toHexString());
    const views = await this.deps.lookups.shownAmong(actor, messageIds);
    const byId = new Map(views.map((view) => [view.message.id, view]));
    return rows.flatMap(({ _id, messageId, starredAt }) => {
      const view = byId.get(messageId.toHexString());
      return view ? [{ ...view, starId: _id.toHexString(), starredAt }] : [];
    });
  }

  private emit({ userId }: Actor, state: StarState): void {
    const audience = audiences.users([userId]);
    this.deps.bus.emit('star.changed', { ...state, userId, audience }, { scope: 'cluster' });
  }
}

const stateOf = ({ chatId, messageId, starredAt }: NewStar): StarState => ({
  chatId: chatId.toHexString(),
  messageId: messageId.toHexString(),
  starred: true,
  starredAt: starredAt.toISOString(),
});

const unstarred = (chatId: Types.ObjectId, messageId: string): StarState => ({
  chatId: chatId.toHexString(),
  messageId,
  starred: false,
  starredAt: null,
});

const tooManyStars = (): AppError =>
  new AppError('CONFLICT', `You can star at most ${MAX_STARS} messages`);
