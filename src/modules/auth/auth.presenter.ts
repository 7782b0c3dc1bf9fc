import { presentOwnUser } from '../users/index.js';
import type { Grant } from './auth.service.js';

/** The wire shape of a grant. */
export const presentGrant = ({ token, refreshToken, expiresIn, user }: Grant) => ({
  token,
  refreshToken,
  expiresIn,
  user: presentOwnUser(user),
});
