import { expect, it } from '@jest/globals';
import type { Actor } from '../../shared/actor.js';
import { canAlwaysSeeEmail, isAdminNow } from './users.policy.js';

const ada: Actor = { userId: 'a'.repeat(24), role: 'user', sessionId: 's' };
const grace = 'b'.repeat(24);

it('a user always sees their own e-mail address', () => {
  expect(canAlwaysSeeEmail(ada, ada.userId)).toBe(true);
});

it("a user does not always see somebody else's e-mail address", () => {
  expect(canAlwaysSeeEmail(ada, grace)).toBe(false);
});

it('an admin always sees the e-mail address of a user', () => {
  expect(canAlwaysSeeEmail({ ...ada, role: 'admin' }, grace)).toBe(true);
});

it('only an open account with the role of admin has the rights of an admin', () => {
  expect(isAdminNow({ role: 'admin', isDeactivated: false })).toBe(true);
  expect(isAdminNow({ role: 'admin', isDeactivated: true })).toBe(false);
  expect(isAdminNow({ role: 'user', isDeactivated: false })).toBe(false);
  expect(isAdminNow(undefined)).toBe(false);
});
