import { presentOwnUser } from '../users/users.shapes.js';
import type { Grant, SignIn } from '../../../modules/users/auth.index.js';

/** The wire shape of a grant. */
export const presentGrant = ({ token, refreshToken, expiresIn, user }: Grant) => ({
  token,
  refreshToken,
  expiresIn,
  user: presentOwnUser(user),
});

/** The wire shape of a sign-in. */
export const presentSignIn = (signIn: SignIn) => ({
  ...presentGrant(signIn),
  deviceToken: signIn.deviceToken,
});
