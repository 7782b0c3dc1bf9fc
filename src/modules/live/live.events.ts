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

/** The domain events of live streams. Only the stream itself is stored. */
export interface LiveEvents {
  /** Not for the host's own device, which gets the confirmation. */
  'live.started': ForClients & { live: LiveRecord };
  /** Not for the viewer's own device, which gets the answer. */
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
  /** For every node; each then publishes `live.over` for its own clients. */
  'live.ended': LiveEnd;
  /** On this node alone, once for each stream: it is over. */
  'live.over': LiveEnd;
  /** On this node alone: a user may no longer take part, and all their devices leave. */
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
