import type { Server, Socket } from 'socket.io';
import type { PendingJoins } from './pending-joins.js';
import type { DialectMask, DialectName } from './dialect.js';
import { hears } from './dialect.js';
import type { ChannelSockets } from './audience-channels.js';
import type { LocalSockets } from './rendering.js';
import { baseChannel, chatOf, heard, channels } from './channels.js';
import type { ParleySocket } from './socket-data.js';

/** Knows this node's sockets: their dialects and their channels. */
export class SocketRegistry implements ChannelSockets, LocalSockets {
  private readonly masks = new Map<DialectMask, number>();

  constructor(
    private readonly io: Server,
    private readonly pendingJoins: Pick<PendingJoins, 'move'>,
  ) {}

  /** Counts a socket in; it may join rooms from now on. */
  add(socket: ParleySocket): void {
    this.count(socket.data.mask, 1);
  }

  /** Counts a socket out. */
  remove(socket: ParleySocket): void {
    this.count(socket.data.mask, -1);
  }

  /** The sets of dialects that sockets on this node receive. */
  activeMasks(): Iterable<DialectMask> {
    return this.masks.keys();
  }

  /** Whether a socket on this node receives the dialect. */
  isSpoken(dialect: DialectName): boolean {
    for (const mask of this.masks.keys()) if (hears(mask, dialect)) return true;
    return false;
  }

  connected(userIds: Iterable<string>): string[] {
    return [...userIds].filter((userId) => this.countIn(channels.user(userId)) > 0);
  }

  notLooking(userIds: Iterable<string>, chatId: string): string[] {
    const looking = channels.open(chatId);
    const { adapter } = this.io.of('/');
    return [...userIds].filter((userId) =>
      [...this.masks.keys()].some((mask) => {
        const devices = adapter.rooms.get(heard(channels.user(userId), mask));
        if (!devices) return false;
        const open = adapter.rooms.get(heard(looking, mask));
        if (!open || open.size === 0) return true;
        for (const id of devices) if (!open.has(id)) return true;
        return false;
      }),
    );
  }

  usersIn(userIds: Iterable<string>, channel: string): string[] {
    const { adapter } = this.io.of('/');
    return [...userIds].filter((userId) =>
      [...this.masks.keys()].some((mask) => {
        const there = adapter.rooms.get(heard(channel, mask));
        const devices = adapter.rooms.get(heard(channels.user(userId), mask));
        if (!there || !devices) return false;
        for (const id of devices) if (there.has(id)) return true;
        return false;
      }),
    );
  }

  /** The sockets of this node that are in a channel, whatever their dialects. */
  socketsIn(channel: string): ParleySocket[] {
    const sockets: ParleySocket[] = [];
    for (const mask of this.masks.keys()) {
      for (const id of this.io.of('/').adapter.rooms.get(heard(channel, mask)) ?? []) {
        const socket = this.io.of('/').sockets.get(id);
        if (socket) sockets.push(socket as ParleySocket);
      }
    }
    return sockets;
  }

  /** How many sockets of this node is in a channel. */
  countIn(channel: string): number {
    let count = 0;
    for (const mask of this.masks.keys()) {
      count += this.io.of('/').adapter.rooms.get(heard(channel, mask))?.size ?? 0;
    }
    return count;
  }

  /** Puts a socket into a room. */
  join(socket: ParleySocket, names: string | string[]): void {
    void socket.join([names].flat().map((channel) => heard(channel, socket.data.mask)));
  }

  /** Takes a socket out of a room. */
  leave(socket: ParleySocket, channel: string): void {
    void socket.leave(heard(channel, socket.data.mask));
  }

  /** Whether a socket is in a channel. */
  isIn(socket: ParleySocket, channel: string): boolean {
    return socket.rooms.has(heard(channel, socket.data.mask));
  }

  /** The chats in whose channels a socket is. */
  chatsOf(socket: ParleySocket): string[] {
    return [...socket.rooms].flatMap((name) => chatOf(baseChannel(name) ?? '') ?? []);
  }

  /**
   * How many of a user's sockets on this node are in a chat's channel, how many look at it or are about
   * to, and how many there are.
   */
  devicesIn(userId: string, chatId: string): { inChannel: number; looking: number; all: number } {
    const devices = this.socketsIn(channels.user(userId));
    const looking = devices.filter(
      (socket) =>
        this.isIn(socket, channels.open(chatId)) ||
        [...(socket.data.wishes ?? [])].some((wish) => wish.chatId === chatId),
    );
    const inChannel = devices.filter((socket) => this.isIn(socket, channels.chat(chatId)));
    return { inChannel: inChannel.length, looking: looking.length, all: devices.length };
  }

  /** Moves a user's sockets on this node, and those that are connecting, into or out of a chat's channel. */
  moveUser(userId: string, chatId: string, direction: 'in' | 'out'): void {
    this.pendingJoins.move(userId, chatId, direction);
    for (const socket of this.socketsIn(channels.user(userId))) {
      if (direction === 'in') {
        this.join(socket, channels.chat(chatId));
      } else {
        this.leave(socket, channels.chat(chatId));
        this.leave(socket, channels.open(chatId));
        socket.data.openChats.delete(chatId);
        for (const wish of socket.data.wishes ?? []) wish.isOutdated ||= wish.chatId === chatId;
      }
    }
  }

  /**
   * Changes what a socket receives: it leaves the old copies of its channels and joins the new ones. Nothing is
   * done for a socket that has closed meanwhile: it is no longer counted.
   */
  setDialects(socket: ParleySocket, mask: DialectMask): void {
    const old = socket.data.mask;
    if (mask === old || !socket.connected) return;
    const names = [...socket.rooms].map(baseChannel).filter((channel) => channel !== undefined);
    for (const channel of names) void socket.leave(heard(channel, old));
    this.count(old, -1);
    socket.data.mask = mask;
    this.count(mask, 1);
    this.join(socket, names);
  }

  private count(mask: DialectMask, change: 1 | -1): void {
    const count = (this.masks.get(mask) ?? 0) + change;
    if (count > 0) this.masks.set(mask, count);
    else this.masks.delete(mask);
  }
}

/** Narrows a socket of the server to ours. */
export const asParleySocket = (socket: Socket): ParleySocket => socket as ParleySocket;
