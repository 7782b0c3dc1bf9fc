import { audit } from './audit/index.js';
import { broadcasts } from './broadcasts/index.js';
import { overview } from './overview/index.js';
import { people } from './people/index.js';
import type { AdminSection } from './section.js';

/** The sections, in the order in which they are listed. */
export const SECTIONS: readonly AdminSection[] = [overview, people, broadcasts, audit];
