import { describe, expect, it } from '@jest/globals';
import { aUser } from '../../../../test/support/factories.js';
import { toUserCard } from '../../../modules/users/index.js';
import { presentOwnUser, presentProfile } from './users.shapes.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import { ownUserSchema, profileSchema } from './users.schemas.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';

const user = aUser({ status: 'busy', customStatus: 'computing', lastSeenAt: new Date() });

describe('user presenters', () => {
  it('name a person by first and last name, else by username', () => {
    expect(toUserCard(user).name).toBe('Ada Lovelace');
    expect(toUserCard({ ...user, firstName: '' }).name).toBe('Lovelace');
    expect(toUserCard({ ...user, firstName: '', lastName: '' }).name).toBe('Ada');
  });

  it.each([
    ['a card', presentUserCard(toUserCard(user)), userCardSchema],
    ['a profile', presentProfile(user, true), profileSchema],
    ["a stranger's profile", presentProfile(user, false), profileSchema],
    ['an own account', presentOwnUser(user), ownUserSchema],
  ])('show %s in its documented shape', (_what, shape, schema) => {
    expect(schema.validate(shape).error).toBeUndefined();
    expect(JSON.stringify(shape)).not.toContain(user.passwordHash);
  });

  it('keep e-mail, role and status from strangers', () => {
    const shown = presentProfile(user, false);
    expect(Object.keys(shown)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/email|role|status|lastSeen/i)]),
    );
    expect(JSON.stringify(shown)).not.toMatch(/example\.com|computing/);
  });
});
