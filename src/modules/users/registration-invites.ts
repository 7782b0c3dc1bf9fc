import { Types } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, invalidInput, notFound } from '../../shared/errors.js';
import { identityForm } from './account-fields.js';
import type { AuditTrail } from './audit.js';
import type {
  RegistrationInviteRecord,
  RegistrationInvitesRepository,
} from './registration-invites.repository.js';
import { newRegistrationCode, registrationCodeHash } from './registration-invites.repository.js';

/** How often, until when and by whom an invite may be used. */
export interface RegistrationInviteTerms {
  maxUses: number;
  expiresAt?: Date;
  email?: string;
}

/** Codes with which people may make an account while REGISTRATION is `invite`. Admins make them. */
export class RegistrationInvites {
  constructor(
    private readonly deps: {
      invites: RegistrationInvitesRepository;
      audit: Pick<AuditTrail, 'during'>;
      clock: Clock;
    },
  ) {}

  /**
   * Makes an invite. The code is answered here and never again.
   *
   * @throws {AppError} VALIDATION for a time that has passed.
   */
  async create(
    actor: Actor,
    { maxUses, expiresAt, email }: RegistrationInviteTerms,
  ): Promise<{ invite: RegistrationInviteRecord; code: string }> {
    const { audit, invites } = this.deps;
    const now = this.now();
    if (expiresAt && expiresAt <= now) throw invalidInput('expiresAt', 'a time in the future');
    const code = newRegistrationCode();
    const invite: RegistrationInviteRecord = {
      _id: new Types.ObjectId(),
      codeHash: registrationCodeHash(code),
      createdBy: objectId(actor.userId),
      createdAt: now,
      maxUses,
      usesLeft: maxUses,
      expiresAt: expiresAt ?? null,
      email: email === undefined ? null : identityForm(email),
      revokedAt: null,
    };
    const subject = invite._id.toHexString();
    const details = { maxUses, ...(invite.email !== null && { email: invite.email }) };
    await audit.during(actor, { action: 'registration_invites.create', subject, details }, () =>
      invites.create(invite),
    );
    return { invite, code };
  }

  /** The invites, newest first; `before` is the id of one. */
  async list({ before, limit }: { before?: string; limit: number }): Promise<{
    invites: RegistrationInviteRecord[];
    hasMore: boolean;
  }> {
    const found = await this.deps.invites.newest(before, limit + 1);
    return { invites: found.slice(0, limit), hasMore: found.length > limit };
  }

  /**
   * Ends an invite; doing it again changes nothing.
   *
   * @throws {AppError} NOT_FOUND
   */
  async revoke(actor: Actor, inviteId: string): Promise<RegistrationInviteRecord> {
    const { audit, invites } = this.deps;
    return audit.during(
      actor,
      { action: 'registration_invites.revoke', subject: inviteId },
      async () => {
        const invite = await invites.revoke(inviteId, this.now());
        if (!invite) throw notFound('Invite');
        return invite;
      },
    );
  }

  /**
   * Uses an invite for a sign-up; answers how to take that back.
   *
   * @throws {AppError} INVITE_INVALID for a code that is unknown, used up, expired, revoked, or for another address.
   */
  async use(code: string, email: string): Promise<() => Promise<void>> {
    const { invites } = this.deps;
    const id = await invites.use(registrationCodeHash(code), identityForm(email), this.now());
    if (!id) {
      throw new AppError(
        'INVITE_INVALID',
        'This invite code is not valid, or not for this address',
      );
    }
    return () => invites.giveBack(id);
  }

  private now(): Date {
    return new Date(this.deps.clock.now());
  }
}
