import { describe, expect, it } from '@jest/globals';
import type { Actor } from '../../shared/actor.js';
import { canAlwaysSeeEmail } from './users.policy.js';

const ada: Actor = { userId: 'a'.repeat(24), role: 'user', sessionId: 's' };
const grace = 'b'.repeat(24);

describe('canAlwaysSeeEmail', () => {
  it('is so for oneself', () => {
    expect(canAlwaysSeeEmail(ada, ada.userId)).toBe(true);
  });

  it('is not so for somebody else', () => {
    expect(canAlwaysSeeEmail(ada, grace)).toBe(false);
  });

  it('is so for an admin', () => {
    expect(canAlwaysSeeEmail({ ...ada, role: 'admin' }, grace)).toBe(true);
  });
});
