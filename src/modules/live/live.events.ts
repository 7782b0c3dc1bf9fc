import type { ForClients } from '../../shared/audience.js';
import { audiences } from '../../shared/audience.js';
import type { UserCard } from '../users/index.js';
import type { LiveEndReason, LiveStream } from './live.repository.js';

/** A stream as everybody who may watch it sees it. */
export interface LiveRecord {
  id: string;
  title: string;
  chatId: string | null;
  host: UserCard;
  startedAt: string;
  viewerCount: number;
}

/** How a stream has ended. */
export interface LiveEnd extends ForClients {
  liveId: string;
  chatId: string | null;
  hostId: string;
  reason: LiveEndReason;
  endedAt: string;
}

/** What happens to live streams. Nothing of it is stored but the stream itself. */
export interface LiveEvents {
  /** The host's own device has it as the confirmation. */
  'live.started': ForClients & { live: LiveRecord };
  /** The viewer's own device has it as the answer. */
  'live.viewer_joined': ForClients & { liveId: string; user: UserCard; viewerCount: number };
  'live.viewer_left': ForClients & { liveId: string; userId: string; viewerCount: number };
  'live.commented': ForClients & {
    liveId: string;
    id: string;
    user: UserCard;
    content: string;
    at: string;
  };
  'live.reacted': ForClients & { liveId: string; user: UserCard; emoji: string };
  /** A WebRTC offer, answer or candidate on its way from one participant to another. */
  'live.signalled': ForClients & { liveId: string; from: string; to: string; data: unknown };
  /** Tells every node, and each tells its clients by `live.over`. */
  'live.ended': LiveEnd;
  /** On this node alone, once for each stream: it is over. */
  'live.over': LiveEnd;
  /** On this node alone: a user may no longer take part, and leaves on all devices. */
  'live.put_out': ForClients & { liveId: string; hostId: string; userId: string; at: string };
}

/** The event about the end of a stream that is over. */
export const liveEnded = (stream: LiveStream): LiveEnd => ({
  liveId: stream._id.toHexString(),
  chatId: stream.chatId?.toHexString() ?? null,
  hostId: stream.hostId.toHexString(),
  reason: stream.endReason!,
  endedAt: stream.endedAt!.toISOString(),
  audience: audiences.chatOrEveryone(stream.chatId?.toHexString() ?? null),
});
