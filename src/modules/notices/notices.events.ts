import type { Notice } from './notice.model.js';

/** What the board tells the other modules of this node. */
export interface NoticeEvents {
  /** Somebody's standing may be other than remembered; what is remembered about it is void. */
  'standing.doubted': Notice;
}
