import { Invites } from './invites.js';
import type { InvitesParts } from './invites.js';

export { defineInviteModel } from './invite.model.js';
export type { InviteDoc } from './invite.model.js';
export type { Invites, InviteTerms } from './invites.js';

/** The invites module: its use cases. */
export interface InvitesModule {
  invites: Invites;
}

/** Builds the invites module. */
export const createInvitesModule = (parts: InvitesParts): InvitesModule => ({
  invites: new Invites(parts),
});
