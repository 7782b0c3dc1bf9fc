import type { Audience, Target } from '../../shared/audience.js';
import type { Part } from './rendering.js';
import { channels } from './channels.js';

/** What finding the channels asks about this node's sockets. */
export interface ChannelSockets {
  /** Of these users, the ones with a socket on this node. */
  connected(userIds: Iterable<string>): string[];
  /** Of these users, the ones with a socket in this channel. */
  usersIn(userIds: Iterable<string>, channel: string): string[];
}

/** Channels whose sockets receive an event, and channels whose sockets do not. */
export interface Channels {
  to: string[];
  except: string[];
}

/** The channels of an audience, or of a part of it, on this node; none where it has nobody here. */
export const channelsOf = (
  audience: Audience,
  part: Part | undefined,
  sockets: ChannelSockets,
): Channels => {
  const except = audience.except.flatMap((target) => targetChannels(target, sockets));
  if (part?.exceptUserIds) except.push(...sockets.connected(part.exceptUserIds).map(channels.user));
  if (part?.devices === 'not looking') except.push(...chatIdsOf(audience).map(channels.open));
  return { to: included(audience, part, sockets), except };
};

const included = (
  audience: Audience,
  part: Part | undefined,
  sockets: ChannelSockets,
): string[] => {
  if (part?.userIds) return among(part.userIds, audience, sockets).map(channels.user);
  if (part?.devices === 'looking') return chatIdsOf(audience).map(channels.open);
  return audience.to.flatMap((target) => targetChannels(target, sockets));
};

/** Those of the users who are in the audience: who has left a chat receives nothing more of it. */
const among = (
  userIds: readonly string[],
  audience: Audience,
  sockets: ChannelSockets,
): string[] => {
  const found = audience.to.flatMap((target) => {
    if (target.kind !== 'users') {
      return targetChannels(target, sockets).flatMap((channel) =>
        sockets.usersIn(userIds, channel),
      );
    }
    return sockets.connected(userIds.filter((userId) => target.userIds.includes(userId)));
  });
  return [...new Set(found)];
};

const chatIdsOf = ({ to }: Audience): string[] =>
  to.flatMap((target) => (target.kind === 'chat' ? [target.chatId] : []));

const targetChannels = (target: Target, sockets: ChannelSockets): string[] => {
  switch (target.kind) {
    case 'chat':
      return [channels.chat(target.chatId)];
    case 'viewers':
      return [channels.open(target.chatId)];
    case 'users':
      return sockets.connected(target.userIds).map(channels.user);
    case 'stream':
      return [channels.live(target.liveId)];
    case 'participant':
      return [channels.liveParticipant(target.liveId, target.userId)];
    case 'arriving':
      return [channels.arriving()];
    case 'everyone':
      return [channels.everyone()];
  }
};
