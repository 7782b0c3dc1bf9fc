import type { ChatClient } from './chat-client.js';
import type { Person } from './wire.types.js';

/** A live stream. */
export interface LiveStream {
  id: string;
  liveId: string;
  title: string;
  /** The chat to whose members it is shown; null: to everybody. */
  chatId: string | null;
  hostId: string;
  host: Person;
  viewerCount: number;
  startedAt: string;
}

/**
 * Live streams: who hosts and who watches, comments, reactions, and the signals by which their WebRTC connections
 * are made. What happens comes as the events `live_started`, `live_viewer_joined`, `live_viewer_left`,
 * `live_comment`, `live_reaction`, `live_signal` and `live_ended` of `client.on`. Commands need a connection.
 */
export class Live {
  constructor(private readonly client: Pick<ChatClient, 'command' | 'rest'>) {}

  /** The streams that this user may watch, newest first. */
  list(): Promise<LiveStream[]> {
    return this.client.rest('GET', '/api/live');
  }

  /** Starts a stream on this device: to a chat, or, as an admin, to everybody. */
  start(title: string, chatId?: string): Promise<LiveStream> {
    return this.client.command('start_live', { title, ...(chatId !== undefined && { chatId }) });
  }

  /** Watches a stream on this device. */
  join(liveId: string): Promise<LiveStream> {
    return this.client.command('join_live', { liveId });
  }

  /** Watches it no longer. */
  leave(liveId: string): Promise<{ liveId: string }> {
    return this.client.command('leave_live', { liveId });
  }

  /**
   * Comments on a stream.
   *
   * @param post also sends the comment to the stream's chat.
   */
  comment(liveId: string, content: string, post = false): Promise<{ id: string; at: string }> {
    return this.client.command('live_comment', { liveId, content, post });
  }

  /** Reacts to a stream. */
  react(liveId: string, emoji: string): Promise<{ liveId: string; emoji: string }> {
    return this.client.command('live_reaction', { liveId, emoji });
  }

  /** Hands a WebRTC offer, answer or candidate to the host or a viewer. */
  signal(liveId: string, to: string, data: object): Promise<{ liveId: string; to: string }> {
    return this.client.command('live_signal', { liveId, to, data });
  }

  /** Ends a stream of this user. */
  end(liveId: string): Promise<{ liveId: string }> {
    return this.client.command('end_live', { liveId });
  }
}
