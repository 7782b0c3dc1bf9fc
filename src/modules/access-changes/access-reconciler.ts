import type { Publisher } from '../../platform/event-bus.js';
import { audiences } from '../../shared/audience.js';
import type { UserRole } from '../../shared/actor.js';
import type { AccessChangeReader } from './access-change-poller.js';
import type { AccessChange, AccessReconcilerEvents } from './access-changes.events.js';

/** This node's sockets, as far as they show what a user has access to. */
export interface LocalConnections {
  /** Which of the users have a socket on this node. */
  connected(userIds: Iterable<string>): string[];
  /** The logins with which the user is connected here, and the role that each acts in. */
  logins(userId: string): { sessionId: string; role: UserRole }[];
  /**
   * How many of the user's sockets are in the chat's channel, how many have the chat open or are opening it,
   * and how many there are.
   */
  inChat(userId: string, chatId: string): { inChannel: number; looking: number; all: number };
  /** Closes all connections such that the clients reconnect and are authenticated again. */
  reconnectAll(): Promise<void>;
}

export interface AccessReconcilerDeps {
  bus: Publisher<AccessReconcilerEvents>;
  /** Which of these users are, in the database, members of which of these chats. */
  memberships(userIds: string[], chatIds: string[]): Promise<{ userId: string; chatId: string }[]>;
  /** The login as the database has it; undefined when it has ended. */
  statusOf(
    userId: string,
    sessionId: string,
  ): Promise<{ role: UserRole; isDeactivated: boolean } | undefined>;
  sockets: LocalConnections;
}

/** Compares access changes with the database, and publishes on this node the events that it has missed. */
export class AccessReconciler implements AccessChangeReader {
  constructor(private readonly deps: AccessReconcilerDeps) {}

  async recheck(accessChanges: AccessChange[]): Promise<void> {
    const { bus, sockets } = this.deps;
    for (const accessChange of accessChanges)
      bus.emit('access.recheck', accessChange, { scope: 'node' });
    const here = new Set(sockets.connected(new Set(accessChanges.map(({ userId }) => userId))));
    const concerned = accessChanges.filter(({ userId }) => here.has(userId));
    const logins = concerned.filter(({ kind }) => kind === 'login');
    await Promise.all([
      this.reconcileMemberships(concerned),
      ...logins.map(({ userId }) => this.reconcileLogins(userId)),
    ]);
  }

  recheckEverybody(): Promise<void> {
    return this.deps.sockets.reconnectAll();
  }

  private async reconcileMemberships(accessChanges: AccessChange[]): Promise<void> {
    const concerned = accessChanges.flatMap(({ kind, userId, chatId }) =>
      kind === 'member' && chatId !== undefined ? [{ userId, chatId }] : [],
    );
    if (concerned.length === 0) return;
    const { bus, memberships, sockets } = this.deps;
    const rows = await memberships(
      concerned.map(({ userId }) => userId),
      concerned.map(({ chatId }) => chatId),
    );
    const members = new Set(rows.map(({ userId, chatId }) => `${userId} ${chatId}`));
    for (const { userId, chatId } of concerned) {
      const { inChannel, looking, all } = sockets.inChat(userId, chatId);
      const event = { chatId, userIds: [userId], actorId: null };
      if (members.has(`${userId} ${chatId}`)) {
        if (inChannel < all)
          bus.emit(
            'members.added',
            { ...event, audience: audiences.chat(chatId) },
            { scope: 'node' },
          );
      } else if (inChannel > 0 || looking > 0) {
        bus.emit(
          'members.removed',
          { ...event, audience: audiences.chatAnd(chatId, [userId]) },
          { scope: 'node' },
        );
      }
    }
  }

  private async reconcileLogins(userId: string): Promise<void> {
    const { bus, sockets, statusOf } = this.deps;
    for (const { sessionId, role } of sockets.logins(userId)) {
      const status = await statusOf(userId, sessionId);
      if (!status) bus.emit('session.revoked', { sessionId, userId }, { scope: 'node' });
      else if (status.isDeactivated) bus.emit('user.deactivated', { userId }, { scope: 'node' });
      else if (status.role !== role) {
        bus.emit('user.role_changed', { userId, role: status.role }, { scope: 'node' });
      }
    }
  }
}
