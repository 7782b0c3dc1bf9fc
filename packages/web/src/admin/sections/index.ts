import { overview } from './overview/index.js';
import type { AdminSection } from './section.js';

/** The sections, in the order in which they are listed. */
export const SECTIONS: readonly AdminSection[] = [overview];
