import { presentOwnUser } from '../users/users.shapes.js';
import type { Grant, LoginGrant } from '../../../modules/users/index.js';

/** The wire shape of a grant. */
export const presentGrant = ({ token, refreshToken, expiresIn, user }: Grant) => ({
  token,
  refreshToken,
  expiresIn,
  user: presentOwnUser(user),
});

/** The wire shape of a sign-in. */
export const presentSignIn = (signIn: LoginGrant) => ({
  ...presentGrant(signIn),
  deviceToken: signIn.deviceToken,
});
