import type { AnyRoute } from '../../transport/http/route.js';
import type { AnyCommand } from '../../transport/socket/command.js';
import { adminCommands } from '../../api/native/admin/admin.commands.js';
import { accountRoutes, adminMessageRoutes } from '../../api/native/admin/admin.routes.js';
import type { AdminParts } from './admin.js';
import { Admin } from './admin.js';
export type { Admin, AdminMessage } from './admin.js';

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
