import type { AnyRoute } from '../../http/route.js';
import type { AnyCommand } from '../../realtime/command.js';
import { adminCommands } from './admin.gateway.js';
import { accountRoutes, adminMessageRoutes } from './admin.routes.js';
import type { AdminParts } from './admin.service.js';
import { Admin } from './admin.service.js';

export { adminMessageSchema } from './admin.schemas.js';
export type { Admin, AdminMessage } from './admin.service.js';

/** The admin module, built. */
export interface AdminModule {
  admin: Admin;
  routes: AnyRoute[];
  commands: AnyCommand[];
}

/** Builds the admin module; `maxLength` is the longest text in characters. */
export const createAdminModule = (parts: AdminParts, maxLength: number): AdminModule => {
  const admin = new Admin(parts);
  return {
    admin,
    routes: [...accountRoutes(admin, parts.users), ...adminMessageRoutes(admin, maxLength)],
    commands: adminCommands(admin, maxLength),
  };
};
