import type { Logger } from '../../platform/logger.js';
import { objectId } from '../../platform/object-id.js';
import { addressKey } from '../../platform/tally.js';
import type { Clock } from '../../shared/clock.js';
import type { AuditRepository } from './audit.repository.js';

/** How often logins are written, in milliseconds: a server that is killed loses those of this span. */
export const LOGIN_AUDIT_MS = 2000;
const HOUR_MS = 3_600_000;
/** Different accounts and addresses that one span keeps apart; what is beyond is counted together. */
const MAX_KEPT = 1000;

interface Attempts {
  userId: string | undefined;
  address: string;
  at: number;
  facts: Record<string, unknown>;
  action: 'auth.login' | 'auth.login_failed';
  count: number;
}

/**
 * Records logins and failed ones in the audit trail, a while after they happen: who signs in must not wait for it.
 * Those of one account from one address within an hour are one event with a count, so that no flood fills the disk;
 * failed ones under names that no account has are one event per address, and past a bound one for all addresses.
 */
export class LoginAudit {
  private kept = new Map<string, Attempts>();

  constructor(
    private readonly events: Pick<AuditRepository, 'gather'>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Notes a login. */
  succeeded(userId: string, ip: string, sessionId: string): void {
    this.note('auth.login', userId, ip, { sessionId });
  }

  /** Notes a refused login; `userId` is undefined for a name that no account has. */
  failed(userId: string | undefined, ip: string, code: string): void {
    this.note('auth.login_failed', userId, ip, { code });
  }

  /** Writes what has been noted. What cannot be written is tried again the next time. */
  async flush(): Promise<void> {
    const kept = this.kept;
    this.kept = new Map();
    for (const [key, attempts] of kept) {
      try {
        await this.write(key, attempts);
        kept.delete(key);
      } catch (error) {
        this.logger.warn({ err: error }, 'logins were not recorded and are tried again');
        for (const [left, { count, ...rest }] of kept) this.keep(left, rest, count);
        return;
      }
    }
  }

  private note(
    action: Attempts['action'],
    userId: string | undefined,
    ip: string,
    facts: Record<string, unknown>,
  ): void {
    const address = addressKey(ip);
    const at = this.clock.now();
    const key = `${action} ${userId ?? '-'} ${address} ${Math.floor(at / HOUR_MS)}`;
    this.keep(key, { action, userId, address, at, facts }, 1);
  }

  private keep(key: string, attempts: Omit<Attempts, 'count'>, count: number): void {
    const { action, at } = attempts;
    const known = this.kept.get(key);
    if (known) known.count += count;
    else if (this.kept.size < MAX_KEPT) this.kept.set(key, { ...attempts, count });
    else {
      const rest = `${action} * * ${Math.floor(at / HOUR_MS)}`;
      const others = this.kept.get(rest);
      if (others) others.count += count;
      else this.kept.set(rest, { action, userId: undefined, address: '*', at, facts: {}, count });
    }
  }

  private write(key: string, { action, userId, address, at, facts, count }: Attempts) {
    return this.events.gather(
      {
        gathered: key,
        actorId: userId !== undefined && action === 'auth.login' ? objectId(userId) : null,
        action,
        subject: userId ?? address,
        details: { address, ...facts },
        outcome: action === 'auth.login' ? 'done' : 'failed',
        at: new Date(at),
      },
      count,
    );
  }
}
