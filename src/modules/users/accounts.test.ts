import { expect, it } from '@jest/globals';
import { isAdminNow } from './accounts.js';

it('only an open account with the role of admin has the rights of an admin', () => {
  expect(isAdminNow({ role: 'admin', isDeactivated: false })).toBe(true);
  expect(isAdminNow({ role: 'admin', isDeactivated: true })).toBe(false);
  expect(isAdminNow({ role: 'user', isDeactivated: false })).toBe(false);
  expect(isAdminNow(undefined)).toBe(false);
});
