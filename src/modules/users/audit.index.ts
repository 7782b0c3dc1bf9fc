export { AUDIT_OUTCOMES, defineAuditModel } from './audit-event.model.js';
export type { AuditEventDoc } from './audit-event.model.js';
export { AuditTrail } from './audit-trail.js';
export type { AuditQuery, AuditedAction } from './audit-trail.js';
