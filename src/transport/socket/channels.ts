import type { DialectMask } from './dialect.js';

/**
 * The only names of channels. Sockets of different dialects are in different copies of a channel (see
 * {@link heard}), so that one publish per set of dialects reaches exactly those who receive it.
 */
export const channels = {
  /** All devices of a user. */
  user: (userId: string) => `user:${userId}`,
  /** All devices of all members of a chat. */
  chat: (chatId: string) => `chat:${chatId}`,
  /** The devices that are looking at a chat. */
  open: (chatId: string) => `open:${chatId}`,
  /** The device that a login was made on. */
  session: (sessionId: string) => `session:${sessionId}`,
  /** The host and viewers of a live stream. */
  live: (liveId: string) => `live:${liveId}`,
  /** The devices with which one user takes part in a live stream. */
  liveParticipant: (liveId: string, userId: string) => `live:${liveId}:${userId}`,
  /** Devices that read too slowly to be bothered with typing and presence. */
  slow: () => 'slow',
  /** Everybody who is connected. */
  everyone: () => 'everyone',
  /** Devices that have just connected and are still being shown the broadcasts they missed. */
  arriving: () => 'arriving',
};

/** The chat whose members' devices a room holds; undefined for rooms of another kind. */
export const chatOf = (channel: string): string | undefined =>
  channel.startsWith('chat:') ? channel.slice('chat:'.length) : undefined;

/** The copy of a channel for the sockets that receive exactly these dialects. */
export const heard = (channel: string, mask: DialectMask): string => `${channel}#${mask}`;

/** The room of which a name is a copy, or undefined for names that are not ours. */
export const baseChannel = (name: string): string | undefined => {
  const end = name.lastIndexOf('#');
  return end > 0 ? name.slice(0, end) : undefined;
};
