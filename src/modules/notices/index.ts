export { AccessChangeFeed } from './notice-board.service.js';
export type { AccessChangePoster } from './notice-board.service.js';
export { defineAccessChangeModel } from './notice.model.js';
export type { AccessChange, AccessChangeDoc } from './notice.model.js';
export type { AccessChangeEvents } from './notices.events.js';
export { ACCESS_POLL_MS, AccessChangePoller } from './notice-watch.service.js';
export { AccessReconciler } from './standing-repair.service.js';
export type { AccessReconcilerParts } from './standing-repair.service.js';
