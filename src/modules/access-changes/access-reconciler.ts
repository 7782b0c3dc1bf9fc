import type { Publisher } from '../../platform/event-bus.js';
import type { ForClients } from '../../shared/audience.js';
import { audiences } from '../../shared/audience.js';
import type { UserRole } from '../../shared/actor.js';
import type { AccessChange } from './access-change.model.js';
import type { AccessChangeReader } from './access-change-poller.js';
import type { AccessChangeEvents } from './access-changes.events.js';

/** What this node has learned from the database, for itself alone: who has done it the database does not say. */
export interface AccessReconcilerEvents extends AccessChangeEvents {
  'session.revoked': { sessionId: string; userId: string };
  'user.deactivated': { userId: string };
  'user.role_changed': { userId: string; role: UserRole };
  'members.added': ForClients & { chatId: string; userIds: string[]; actorId: string | null };
  'members.removed': ForClients & { chatId: string; userIds: string[]; actorId: string | null };
}

/** This node's sockets, as far as they show what a user may hear. */
export interface LocalConnections {
  /** Which of the users have a socket on this node. */
  connected(userIds: Iterable<string>): string[];
  /** The logins with which the user is connected here, and the role that each acts in. */
  logins(userId: string): { sessionId: string; role: UserRole }[];
  /**
   * How many of the user's sockets stand in the chat's room, how many look at it or are about to, and how
   * many there are.
   */
  places(userId: string, chatId: string): { inChannel: number; looking: number; all: number };
  /** Ends all connections in such a way that the clients come back and are asked who they are. */
  reconnectAll(): Promise<void>;
}

/** What the repair is built from. */
export interface AccessReconcilerParts {
  /** Which of these users are, in the database, members of which of these chats. */
  memberships(userIds: string[], chatIds: string[]): Promise<{ userId: string; chatId: string }[]>;
  bus: Publisher<AccessReconcilerEvents>;
  sockets: LocalConnections;
  /** What the database says of a login: undefined when it has ended. */
  statusOf(
    userId: string,
    sessionId: string,
  ): Promise<{ role: UserRole; isDeactivated: boolean } | undefined>;
}

/** Compares what the notices are about with the database, and tells this node what it has not heard. */
export class AccessReconciler implements AccessChangeReader {
  constructor(private readonly parts: AccessReconcilerParts) {}

  async lookAt(accessChanges: AccessChange[]): Promise<void> {
    const { bus, sockets } = this.parts;
    for (const accessChange of accessChanges)
      bus.emit('access.recheck', accessChange, { scope: 'node' });
    const here = new Set(sockets.connected(new Set(accessChanges.map(({ userId }) => userId))));
    const concerned = accessChanges.filter(({ userId }) => here.has(userId));
    const logins = concerned.filter(({ kind }) => kind === 'login');
    await Promise.all([
      this.repairPlaces(concerned),
      ...logins.map(({ userId }) => this.repairLogins(userId)),
    ]);
  }

  doubtAll(): Promise<void> {
    return this.parts.sockets.reconnectAll();
  }

  private async repairPlaces(accessChanges: AccessChange[]): Promise<void> {
    const places = accessChanges.flatMap(({ kind, userId, chatId }) =>
      kind === 'member' && chatId !== undefined ? [{ userId, chatId }] : [],
    );
    if (places.length === 0) return;
    const { bus, memberships, sockets } = this.parts;
    const rows = await memberships(
      places.map(({ userId }) => userId),
      places.map(({ chatId }) => chatId),
    );
    const members = new Set(rows.map(({ userId, chatId }) => `${userId} ${chatId}`));
    for (const { userId, chatId } of places) {
      const { inChannel, looking, all } = sockets.places(userId, chatId);
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

  private async repairLogins(userId: string): Promise<void> {
    const { bus, sockets, statusOf } = this.parts;
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
