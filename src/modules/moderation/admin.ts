import type { Actor, UserRole } from '../../shared/actor.js';
import type { DirectChats } from '../chats/index.js';
import type { MessageType, SendMessage, Sent } from '../messages/index.js';
import type {
  AuditTrail,
  SignIn,
  TwoFactor,
  UserAdministration,
  UserRecord,
} from '../users/index.js';

/** A message of an admin to one person. */
export interface AdminMessage {
  userId: string;
  message: string;
  messageType: MessageType;
  clientMessageId?: string | undefined;
}

/** The admins' actions on accounts, and their messages to people. The audit trail records all of them. */
export class Admin {
  constructor(
    private readonly deps: {
      administration: UserAdministration;
      auth: SignIn;
      twoFactor: Pick<TwoFactor, 'remove'>;
      directChats: DirectChats;
      sending: SendMessage;
      audit: AuditTrail;
    },
  ) {}

  /** @throws {AppError} NOT_FOUND, LAST_ADMIN */
  async setActive(actor: Actor, userId: string, isActive: boolean): Promise<UserRecord> {
    const action = isActive ? 'users.reactivate' : 'users.deactivate';
    return this.deps.audit.during(actor, { action, subject: userId }, () =>
      isActive ? this.reopen(userId) : this.deps.administration.setActive(userId, false),
    );
  }

  /** @throws {AppError} NOT_FOUND, LAST_ADMIN */
  async setRole(actor: Actor, userId: string, role: UserRole): Promise<UserRecord> {
    return this.deps.audit.during(
      actor,
      { action: 'users.set_role', subject: userId, details: { role } },
      () => this.deps.administration.setRole(userId, role),
    );
  }

  /**
   * Ends the second factor of somebody who has lost it, and their logins.
   *
   * @throws {AppError} NOT_FOUND
   */
  async removeSecondFactor(actor: Actor, userId: string): Promise<UserRecord> {
    const { administration, audit, auth, twoFactor } = this.deps;
    return audit.during(
      actor,
      { action: 'users.remove_second_factor', subject: userId },
      async () => {
        await twoFactor.remove(userId);
        await auth.endSessions(userId);
        return administration.one(userId);
      },
    );
  }

  /**
   * Ends all logins of a user; answers how many have ended.
   *
   * @throws {AppError} NOT_FOUND
   */
  async endSessions(actor: Actor, userId: string): Promise<number> {
    await this.deps.administration.one(userId);
    return this.deps.audit.during(
      actor,
      { action: 'users.end_sessions', subject: userId },
      () => this.deps.auth.endSessions(userId),
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
    const { audit, directChats, sending } = this.deps;
    return audit.during(
      actor,
      { action: 'users.message', subject: userId },
      async () => {
        const { chat } = await directChats.getOrCreate(actor, userId, 'force');
        return sending.send(actor, {
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

  /** Opens a closed account; the user has to sign in again. */
  private async reopen(userId: string): Promise<UserRecord> {
    const { administration, auth } = this.deps;
    const { deactivatedAt } = await administration.one(userId);
    // Logins may be left when a server stopped right after closing the account, or when they began while it
    // was being closed. They must not become valid again.
    if (deactivatedAt) await auth.endSessions(userId);
    return administration.setActive(userId, true);
  }
}
