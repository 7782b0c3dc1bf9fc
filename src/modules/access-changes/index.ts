export { AccessChangeFeed } from './access-change-feed.js';
export type { AccessChangePoster } from './access-change-feed.js';
export { defineAccessChangeModel } from './access-change.model.js';
export type { AccessChange, AccessChangeDoc } from './access-change.model.js';
export type { AccessChangeEvents } from './access-changes.events.js';
export { ACCESS_POLL_MS, AccessChangePoller } from './access-change-poller.js';
export { AccessReconciler } from './access-reconciler.js';
export type { AccessReconcilerParts } from './access-reconciler.js';
