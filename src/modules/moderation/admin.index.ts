import type { AdminParts } from './admin.js';
import { Admin } from './admin.js';
export type { Admin, AdminMessage } from './admin.js';

/** The admin module, built. */
export interface AdminModule {
  admin: Admin;
}

/** Builds the admin module. */
export const createAdminModule = (parts: AdminParts): AdminModule => ({ admin: new Admin(parts) });
