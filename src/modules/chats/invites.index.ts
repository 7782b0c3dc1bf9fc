import type { AnyRoute } from '../../transport/http/route.js';
import { inviteRoutes } from '../../api/native/invites/invites.routes.js';
import type { InviteRoutesParts } from '../../api/native/invites/invites.routes.js';
import { Invites } from './invites.js';
import type { InvitesParts } from './invites.js';

export { defineInviteModel } from './invite.model.js';
export type { InviteDoc } from './invite.model.js';
export type { Invites } from './invites.js';

/** The invites module: its use cases and routes. */
export interface InvitesModule {
  invites: Invites;
  routes: AnyRoute[];
}

/** Builds the invites module. */
export const createInvitesModule = (
  parts: InvitesParts & Omit<InviteRoutesParts, 'invites'>,
): InvitesModule => {
  const invites = new Invites(parts);
  return { invites, routes: inviteRoutes({ ...parts, invites }) };
};
