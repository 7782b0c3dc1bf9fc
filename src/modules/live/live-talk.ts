import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import { newUuid } from '../../shared/ids.js';
import type { SendMessage } from '../messages/index.js';
import { canonicalEmoji } from '../messages/index.js';
import type { LiveEvents } from './live.events.js';
import { refusalToSignal } from './live.policy.js';
import type { LiveDevices } from './live-devices.js';
import type { LiveStreams } from './live-streams.js';

/** What talking on streams is built from. */
export interface LiveTalkParts {
  streams: LiveStreams;
  attendance: LiveDevices;
  sender: SendMessage;
  bus: Publisher<LiveEvents>;
  clock: Clock;
}

/** A reaction that is one emoji, in its usual form. */
const emojiOf = (text: string): string => {
  const emoji = canonicalEmoji(text);
  if (emoji !== undefined) return emoji;
  throw new AppError('VALIDATION', 'A reaction is one emoji', {
    errors: [{ path: 'emoji', message: 'must be one emoji' }],
  });
};

/** What those who take part say to each other: comments, reactions, and the signals of WebRTC. */
export class LiveTalk {
  constructor(private readonly parts: LiveTalkParts) {}

  /**
   * Comments on a stream. The comment is shown to those who watch; `post` also sends it to the chat.
   *
   * @throws {AppError} FORBIDDEN for those who do not watch, RATE_LIMITED, VALIDATION for `post` without
   *   a chat.
   */
  async comment(
    actor: Actor,
    { liveId, content, post }: { liveId: string; content: string; post: boolean },
  ): Promise<Omit<LiveEvents['live.commented'], 'audience'>> {
    const stream = await this.parts.streams.attending(actor, liveId);
    if (post) {
      if (!stream.chatId) throw new AppError('VALIDATION', 'This stream has no chat to post to');
      const chatId = stream.chatId.toHexString();
      await this.parts.sender.send(actor, { chatId, content, messageType: 'text', media: [] });
    }
    const user = await this.parts.streams.card(actor.userId);
    const at = new Date(this.parts.clock.now()).toISOString();
    const comment = { liveId, id: newUuid(), user, content, at };
    this.parts.bus.emit(
      'live.commented',
      { ...comment, audience: audiences.stream(liveId) },
      { scope: 'cluster' },
    );
    return comment;
  }

  /** Reacts to a stream; shown to those who watch, and forgotten. */
  async react(actor: Actor, liveId: string, emoji: string): Promise<void> {
    const canonical = emojiOf(emoji);
    await this.parts.streams.attending(actor, liveId);
    const user = await this.parts.streams.card(actor.userId);
    this.parts.bus.emit(
      'live.reacted',
      { liveId, user, emoji: canonical, audience: audiences.stream(liveId) },
      { scope: 'cluster' },
    );
  }

  /**
   * Hands a WebRTC message from the host to a viewer, or from a viewer to the host.
   *
   * @throws {AppError} NOT_FOUND when the other one does not take part.
   */
  async signal(
    actor: Actor,
    { liveId, to, data }: { liveId: string; to: string; data: unknown },
  ): Promise<void> {
    const stream = await this.parts.streams.attending(actor, liveId);
    const hostId = stream.hostId.toHexString();
    const refusal = refusalToSignal(actor.userId, to, hostId);
    if (refusal) throw refusal;
    const isThere = to === hostId || (await this.parts.attendance.isViewing(liveId, to));
    if (!isThere) throw notFound('Viewer');
    this.parts.bus.emit(
      'live.signalled',
      { liveId, from: actor.userId, to, data, audience: audiences.seats(liveId, to) },
      { scope: 'cluster' },
    );
  }
}
