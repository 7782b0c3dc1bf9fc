export { NoticeBoard } from './notice-board.service.js';
export type { NoticePoster } from './notice-board.service.js';
export { defineNoticeModel } from './notice.model.js';
export type { Notice, NoticeDoc } from './notice.model.js';
export type { NoticeEvents } from './notices.events.js';
export { NOTICE_TICK_MS, NoticeWatch } from './notice-watch.service.js';
export { StandingRepair } from './standing-repair.service.js';
export type { StandingRepairParts } from './standing-repair.service.js';
