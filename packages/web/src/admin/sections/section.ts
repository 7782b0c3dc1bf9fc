import type { LucideIcon } from 'lucide-react';
import type { ComponentType, LazyExoticComponent } from 'react';
import type { TextId } from '../../i18n/index.js';

/** A section of the console: one folder, one line in the list. */
export interface AdminSection {
  /** Its address below /admin, as `/people`; deeper addresses are its own. */
  path: string;
  name: TextId;
  icon: LucideIcon;
  /** Fetched when somebody opens it. */
  Section: LazyExoticComponent<ComponentType>;
}
