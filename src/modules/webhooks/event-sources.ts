import { createHash } from 'node:crypto';
import type { Types } from 'mongoose';
import type { BroadcastRecord } from '../broadcasts/index.js';
import type { ChatRecord, Departure, MembershipRecord } from '../chats/index.js';
import type { MediaRecord } from '../media/index.js';
import type { MessageRecord, StoredMessage } from '../messages/index.js';
import { toRecord } from '../messages/index.js';
import type { ReportRecord } from '../moderation/index.js';
import type { UserCard, UserRecord } from '../users/index.js';
import type { WebhookEventType } from './webhooks.repository.js';

/** Something that has happened, as the database shows it. */
export interface FeedEvent {
  /** The same whenever the event is found, so that it is stored once. */
  eventId: string;
  type: WebhookEventType;
  at: Date;
  /** What it is about: events of one lane are delivered in their order. */
  lane: string;
  data: object;
}

/** How events look to receivers: stored → wire, without anything that only one reader may see. */
export interface EventPayloads {
  message(message: MessageRecord, sender: UserCard | undefined): object;
  chat(chat: ChatRecord): object;
  user(user: UserRecord): object;
  report(report: ReportRecord, cards: ReadonlyMap<string, UserCard>): object;
  media(file: MediaRecord): object;
  broadcast(broadcast: BroadcastRecord): object;
}

/** Where the events other than those of messages come from; each answers what has a time from `since` on. */
export interface StoredFacts {
  chats: {
    createdSince(since: Date): AsyncIterable<ChatRecord>;
    changedSince(since: Date): AsyncIterable<ChatRecord>;
  };
  memberships: {
    createdSince(since: Date): AsyncIterable<MembershipRecord>;
    readSince(since: Date): AsyncIterable<MembershipRecord>;
    departuresSince(since: Date): AsyncIterable<Departure>;
    existing(ids: Types.ObjectId[]): Promise<Types.ObjectId[]>;
  };
  users: {
    createdSince(since: Date): AsyncIterable<UserRecord>;
    changedSince(since: Date): AsyncIterable<UserRecord>;
  };
  reports: { createdSince(since: Date): AsyncIterable<ReportRecord> };
  media: { readySince(since: Date): AsyncIterable<MediaRecord> };
  broadcasts: { sentAfter(number: number, limit: number): Promise<BroadcastRecord[]> };
  directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> };
}

const BROADCASTS_AT_ONCE = 100;

/** An id that is safe in a header, and has no dot: that separates the parts of what is signed. */
const idOf = (type: WebhookEventType, ...parts: (string | number)[]): string =>
  [type.replaceAll('.', '_'), ...parts].join('_');
const digestOf = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

const newestOf = (...times: (Date | undefined)[]): Date | undefined =>
  times.reduce((newest, time) => (time && (!newest || time > newest) ? time : newest), undefined);

/**
 * What has happened to a message: all that has a time from `after` on, and its creation when it is new. Several edits
 * since are one event with the newest text.
 */
export const messageEvents = (
  doc: StoredMessage,
  sender: UserCard | undefined,
  { after, isNew }: { after: Date; isNew: boolean },
  payloads: Pick<EventPayloads, 'message'>,
): FeedEvent[] => {
  const message = payloads.message(toRecord(doc), sender);
  const id = doc._id.toHexString();
  const lane = doc.chatId.toHexString();
  const events: FeedEvent[] = [];
  const add = (
    type: WebhookEventType,
    at: Date,
    parts: (string | number)[] = [],
    more: object = {},
  ) =>
    events.push({ eventId: idOf(type, id, ...parts), type, at, lane, data: { message, ...more } });
  if (isNew) add('message.created', doc.createdAt);
  if (doc.deletedAt) {
    if (doc.deletedAt >= after) {
      const deletedBy = doc.deletedBy?.toHexString() ?? null;
      add('message.deleted', doc.deletedAt, [], { deletedBy });
    }
    return events;
  }
  const changedAt = newestOf(doc.editedAt, doc.metadataChangedAt);
  if (changedAt && changedAt >= after) add('message.edited', changedAt, [changedAt.getTime()]);
  const reaction = (
    type: WebhookEventType,
    { userId, emoji, at }: { userId: Types.ObjectId; emoji: string; at: Date },
  ) => {
    if (at < after) return;
    const by = userId.toHexString();
    add(type, at, [by, digestOf(emoji), at.getTime()], { userId: by, emoji });
  };
  for (const added of doc.reactions) reaction('message.reaction_added', added);
  if (doc.removedReaction) reaction('message.reaction_removed', doc.removedReaction);
  return events;
};

const memberOf = ({ chatId, userId }: Pick<MembershipRecord, 'chatId' | 'userId'>) => ({
  chatId: chatId.toHexString(),
  userId: userId.toHexString(),
});

/** The events of everything but messages, found by the times and ids of what is stored. */
export class EventSources {
  constructor(
    private readonly facts: StoredFacts,
    private readonly payloads: EventPayloads,
  ) {}

  /** What has happened since a time, each kind by itself in its order. Reads positions only if `reads` is set. */
  async *since(since: Date, reads: Date | undefined): AsyncGenerator<FeedEvent> {
    yield* this.chatEvents(since);
    yield* this.memberEvents(since);
    if (reads) yield* this.readEvents(reads);
    yield* this.userEvents(since);
    yield* this.otherEvents(since);
  }

  /** The broadcasts after a number: they have no holes, and become visible in order. */
  async *broadcastsAfter(number: number): AsyncGenerator<{ number: number; event: FeedEvent }> {
    for (let after = number; ;) {
      const found = await this.facts.broadcasts.sentAfter(after, BROADCASTS_AT_ONCE);
      for (const broadcast of found) {
        after = broadcast.number ?? after;
        const event: FeedEvent = {
          eventId: idOf('broadcast.sent', broadcast.id),
          type: 'broadcast.sent',
          at: new Date(broadcast.sentAt ?? broadcast.createdAt),
          lane: 'broadcasts',
          data: { broadcast: this.payloads.broadcast(broadcast) },
        };
        yield { number: after, event };
      }
      if (found.length < BROADCASTS_AT_ONCE) return;
    }
  }

  /** Everything but messages that has happened since a time. */
  async *all(since: Date): AsyncGenerator<FeedEvent> {
    yield* this.since(since, since);
    for await (const { event } of this.broadcastsAfter(0)) if (event.at >= since) yield event;
  }

  private async *chatEvents(since: Date): AsyncGenerator<FeedEvent> {
    const { chats } = this.facts;
    const event = (type: WebhookEventType, chat: ChatRecord, at: Date, ...parts: number[]) => {
      const id = chat._id.toHexString();
      const data = { chatId: id, chat: this.payloads.chat(chat) };
      return { eventId: idOf(type, id, ...parts), type, at, lane: id, data };
    };
    for await (const chat of chats.createdSince(since)) {
      yield event('chat.created', chat, chat.createdAt);
    }
    for await (const chat of chats.changedSince(since)) {
      const at = chat.changedAt ?? chat.updatedAt;
      yield event('chat.updated', chat, at, at.getTime());
    }
  }

  private async *memberEvents(since: Date): AsyncGenerator<FeedEvent> {
    const { memberships } = this.facts;
    for await (const membership of memberships.createdSince(since)) {
      const member = memberOf(membership);
      yield {
        eventId: idOf('member.added', membership._id.toHexString()),
        type: 'member.added',
        at: membership.joinedAt,
        lane: member.chatId,
        data: { ...member, role: membership.role },
      };
    }
    for await (const some of portionsOf(memberships.departuresSince(since), PORTION)) {
      const ids = some.map(({ _id }) => _id);
      const staying = new Set((await memberships.existing(ids)).map(String));
      for (const departure of some) {
        // The note is written before the membership ends; until it has ended, it has not happened.
        if (staying.has(String(departure._id))) continue;
        const member = memberOf(departure);
        yield {
          eventId: idOf('member.removed', departure._id.toHexString()),
          type: 'member.removed',
          at: departure.at,
          lane: member.chatId,
          data: member,
        };
      }
    }
  }

  private async *readEvents(since: Date): AsyncGenerator<FeedEvent> {
    for await (const membership of this.facts.memberships.readSince(since)) {
      const member = memberOf(membership);
      const seq = membership.lastReadSeq;
      yield {
        eventId: idOf('message.read', membership._id.toHexString(), seq),
        type: 'message.read',
        at: membership.readAt ?? membership.joinedAt,
        lane: member.chatId,
        data: { ...member, seq },
      };
    }
  }

  private async *userEvents(since: Date): AsyncGenerator<FeedEvent> {
    const { users } = this.facts;
    const event = (type: WebhookEventType, user: UserRecord, at: Date, ...parts: number[]) => {
      const id = user._id.toHexString();
      const data = { userId: id, user: this.payloads.user(user) };
      return { eventId: idOf(type, id, ...parts), type, at, lane: id, data };
    };
    for await (const user of users.createdSince(since)) {
      yield event('user.created', user, user.createdAt);
    }
    for await (const user of users.changedSince(since)) {
      const at = user.changedAt ?? user.updatedAt;
      yield event('user.updated', user, at, at.getTime());
      const closed = user.deactivatedAt;
      if (closed) yield event('user.deactivated', user, closed, closed.getTime());
    }
  }

  private async *otherEvents(since: Date): AsyncGenerator<FeedEvent> {
    const { directory, media, reports } = this.facts;
    for await (const report of reports.createdSince(since)) {
      const people = [report.reporterId, report.snapshot.senderId];
      const cards = await directory.cards(people.map((id) => id.toHexString()));
      yield {
        eventId: idOf('report.created', report._id.toHexString()),
        type: 'report.created',
        at: report.createdAt,
        lane: 'reports',
        data: { report: this.payloads.report(report, cards) },
      };
    }
    for await (const file of media.readySince(since)) {
      yield {
        eventId: idOf('media.uploaded', file._id.toHexString()),
        type: 'media.uploaded',
        at: file.readyAt ?? file.createdAt,
        lane: 'media',
        data: { userId: file.ownerId.toHexString(), media: this.payloads.media(file) },
      };
    }
  }
}

/** Departures that are looked at together. */
const PORTION = 500;

/** Items in portions of `size`; the last may be smaller. */
export async function* portionsOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let portion: T[] = [];
  for await (const item of items) {
    if (portion.push(item) < size) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}
