export { VersionDigest } from './version-digest.js';
export type { SyncClients, VersionDigestParts } from './version-digest.js';
export { Sync } from './sync.js';
export type { SyncParts, SyncResult } from './sync.js';
export type { SyncRequest } from './sync-plan.js';
export { positionsOf } from './positions.js';
