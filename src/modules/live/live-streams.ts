import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { ChatAccess, ChatSnapshot } from '../chats/index.js';
import { refusalToPost } from '../chats/index.js';
import type { AccountStatus, UserCard, UserDirectory } from '../users/index.js';
import type { LiveRecord } from './live.events.js';
import type { LiveModels, LiveStreamDoc } from './live.model.js';
import { mayStreamToAll } from './live.policy.js';
import type { LiveDevices } from './live-devices.js';

/** What streams are read from. */
export interface LiveStreamsParts {
  models: LiveModels;
  attendance: LiveDevices;
  access: ChatAccess;
  directory: UserDirectory;
  /** What a user may do in the whole system, as the database has it; undefined when there is no such user. */
  statusOf(userId: string): Promise<AccountStatus | undefined>;
}

/** Streams as the rules show them: who may know of one, who takes part, and what is told of it. */
export class LiveStreams {
  constructor(private readonly parts: LiveStreamsParts) {}

  /**
   * A stream that runs, for somebody who may watch it.
   *
   * @throws {AppError} NOT_FOUND when there is no such stream, it is over, or the actor may not know.
   */
  async watchable(actor: Actor, liveId: string): Promise<LiveStreamDoc> {
    const stream = await this.running(liveId);
    if (!(await this.mayWatch(actor.userId, stream))) throw notFound('Live stream');
    return stream;
  }

  /**
   * A stream that runs, whoever asks.
   *
   * @throws {AppError} NOT_FOUND when there is no such stream, or it is over.
   */
  async running(liveId: string): Promise<LiveStreamDoc> {
    const stream = await this.parts.models.streams
      .findOne({ _id: objectId(liveId), status: 'live' })
      .lean();
    if (!stream) throw notFound('Live stream');
    return stream;
  }

  /**
   * A stream, for its host and those who watch.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for those who do not watch.
   */
  async attending(actor: Actor, liveId: string): Promise<LiveStreamDoc> {
    const stream = await this.watchable(actor, liveId);
    const isThere =
      isHost(stream, actor) || (await this.parts.attendance.isViewing(liveId, actor.userId));
    if (!isThere) throw new AppError('FORBIDDEN', 'Join the stream first');
    return stream;
  }

  /**
   * Whether a user may know of a stream: everybody of a public one, else the chat's members, as long as
   * the host may stream there.
   */
  async mayWatch(userId: string, stream: LiveStreamDoc): Promise<boolean> {
    if (!stream.chatId) return this.mayGoOn(stream);
    const chat = await this.openChat(stream);
    return chat !== undefined && (await this.parts.access.role(chat, userId)) !== undefined;
  }

  /** Whether the host may still stream there: is a member and may post; or an admin, to everybody. */
  async mayGoOn(stream: LiveStreamDoc): Promise<boolean> {
    if (stream.chatId) return (await this.openChat(stream)) !== undefined;
    return mayStreamToAll(await this.parts.statusOf(stream.hostId.toHexString()));
  }

  /** A person who takes part, as the others see them. */
  async card(userId: string): Promise<UserCard> {
    const card = await this.parts.directory.card(userId);
    if (!card) throw notFound('User');
    return card;
  }

  /** The stream's chat, if its host may stream there. */
  private async openChat({ chatId, hostId }: LiveStreamDoc): Promise<ChatSnapshot | undefined> {
    const chat = await this.parts.access.snapshot(chatId!.toHexString());
    if (!chat || refusalToPost(chat)) return undefined;
    const role = await this.parts.access.role(chat, hostId.toHexString());
    return role && chat;
  }

  /** What is told of a stream. */
  async record(stream: LiveStreamDoc): Promise<LiveRecord> {
    const id = stream._id.toHexString();
    const [host, viewerCount] = await Promise.all([
      this.card(stream.hostId.toHexString()),
      this.parts.attendance.viewerCount(id),
    ]);
    return {
      id,
      title: stream.title,
      chatId: stream.chatId?.toHexString() ?? null,
      host,
      startedAt: stream.startedAt.toISOString(),
      viewerCount,
    };
  }
}

/** Whether the actor is the one whom the stream shows. */
export const isHost = (stream: LiveStreamDoc, actor: Actor): boolean =>
  stream.hostId.toHexString() === actor.userId;
