import { domainsOf } from '../../config/index.js';
import type { Config } from '../../config/index.js';
import { AppError } from '../../shared/errors.js';
import { identityForm } from './account-fields.js';
import type { RegistrationInvites } from './registration-invites.js';

/** What a sign-up was let in by. */
export interface Admission {
  /** Whether nobody may sign in before the address is confirmed. */
  mustVerifyEmail: boolean;
  /** Takes back what the sign-up has used up, when no account was made. */
  giveBack(): Promise<void>;
}

const NOTHING_USED = () => Promise.resolve();

/** REGISTRATION: who may make an account. */
export class RegistrationPolicy {
  private readonly domains: string[];

  constructor(
    private readonly registration: Config['registration'],
    private readonly invites: Pick<RegistrationInvites, 'use'>,
  ) {
    this.domains = domainsOf(registration);
  }

  /**
   * Lets a sign-up in, or not. A code is used up by it: of two sign-ups with the last use, one gets in.
   *
   * @throws {AppError} REGISTRATION_CLOSED, INVITE_REQUIRED, INVITE_INVALID, EMAIL_DOMAIN_REFUSED.
   */
  async admit(email: string, inviteCode: string | undefined): Promise<Admission> {
    this.assertOpen();
    this.assertDomain(email);
    const mustVerifyEmail = this.domains.length > 0;
    if (this.registration !== 'invite') return { mustVerifyEmail, giveBack: NOTHING_USED };
    if (inviteCode === undefined) {
      throw new AppError('INVITE_REQUIRED', 'An invite code is needed to make an account here');
    }
    return { mustVerifyEmail, giveBack: await this.invites.use(inviteCode, email) };
  }

  /** @throws {AppError} EMAIL_DOMAIN_REFUSED for an address that no account may have. */
  assertDomain(email: string): void {
    if (this.domains.length === 0) return;
    const domain = identityForm(email).split('@').at(-1)!;
    if (!this.domains.includes(domain)) {
      throw new AppError(
        'EMAIL_DOMAIN_REFUSED',
        `Only addresses of these domains may have an account: ${this.domains.join(', ')}`,
      );
    }
  }

  private assertOpen(): void {
    if (this.registration === 'closed') {
      throw new AppError('REGISTRATION_CLOSED', 'Nobody can make an account here');
    }
  }
}
