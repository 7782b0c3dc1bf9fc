import type { Actor, UserRole } from '../../shared/actor.js';
import { forbidden } from '../../shared/errors.js';
import type { AuditTrail } from '../users/audit.index.js';
import type { AuthService } from '../users/auth.index.js';
import type { DirectChats } from '../chats/index.js';
import type { MessageType, SendMessage, Sent } from '../messages/index.js';
import type { AccountService, UserAdministration, UserDoc } from '../users/index.js';

/** What an admin says to one person. */
export interface AdminMessage {
  userId: string;
  message: string;
  messageType: MessageType;
  clientMessageId?: string | undefined;
}

/** What the admins' desk is built from. */
export interface AdminParts {
  accounts: AccountService;
  users: UserAdministration;
  auth: AuthService;
  directChats: DirectChats;
  sender: SendMessage;
  audit: AuditTrail;
}

/** What admins do to accounts and say to people; everything is noted in the audit trail. */
export class Admin {
  constructor(private readonly parts: AdminParts) {}

  /**
   * Refuses whoever is no longer an admin, although their login was made as one. The router and the
   * dispatcher ask, where the table says `auth: 'admin'`.
   *
   * @throws {AppError} FORBIDDEN
   */
  async requireAdmin(actor: Actor): Promise<void> {
    const status = await this.parts.accounts.status(actor.userId);
    if (status?.role !== 'admin' || status.isDeactivated) {
      throw forbidden('Only admins may do this');
    }
  }

  /** @throws {AppError} NOT_FOUND, LAST_ADMIN */
  async setActive(actor: Actor, userId: string, isActive: boolean): Promise<UserDoc> {
    const action = isActive ? 'users.reactivate' : 'users.deactivate';
    return this.parts.audit.during(actor, { action, subject: userId }, () =>
      isActive ? this.reopen(userId) : this.parts.users.setActive(userId, false),
    );
  }

  /** @throws {AppError} NOT_FOUND, LAST_ADMIN */
  async setRole(actor: Actor, userId: string, role: UserRole): Promise<UserDoc> {
    return this.parts.audit.during(
      actor,
      { action: 'users.set_role', subject: userId, details: { role } },
      () => this.parts.users.setRole(userId, role),
    );
  }

  /**
   * Ends all logins of a user; says how many have ended.
   *
   * @throws {AppError} NOT_FOUND
   */
  async endSessions(actor: Actor, userId: string): Promise<number> {
    await this.parts.users.one(userId);
    return this.parts.audit.during(
      actor,
      { action: 'users.end_sessions', subject: userId },
      () => this.parts.auth.endSessions(userId),
      (ended) => ({ ended }),
    );
  }

  /**
   * Writes to a person in their direct chat, which is opened whether or not they have accepted it.
   *
   * @throws {AppError} NOT_FOUND for an unknown user, BLOCKED, RATE_LIMITED.
   */
  async sendToUser(
    actor: Actor,
    { userId, message, messageType, clientMessageId }: AdminMessage,
  ): Promise<Sent> {
    const { audit, directChats, sender } = this.parts;
    return audit.during(
      actor,
      { action: 'users.message', subject: userId },
      async () => {
        const { chat } = await directChats.getOrCreate(actor, userId, 'force');
        return sender.send(actor, {
          chatId: chat._id.toHexString(),
          content: message,
          messageType,
          media: [],
          clientMessageId,
        });
      },
      (sent) => ({ messageId: sent.message.id, ...(sent.isReplay && { isReplay: true }) }),
    );
  }

  /** Opens an account, to which the user has to sign in anew. */
  private async reopen(userId: string): Promise<UserDoc> {
    const { auth, users } = this.parts;
    const { deactivatedAt } = await users.one(userId);
    // Closing ends the logins after it; a server that stopped in between, or a login that was under way,
    // has left some, which must not come back to life.
    if (deactivatedAt) await auth.endSessions(userId);
    return users.setActive(userId, true);
  }
}
