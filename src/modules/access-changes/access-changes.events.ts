import type { AccessChange } from './access-change.model.js';

/** What the board tells the other modules of this node. */
export interface AccessChangeEvents {
  /** Somebody's standing may be other than remembered; what is remembered about it is void. */
  'access.recheck': AccessChange;
}
