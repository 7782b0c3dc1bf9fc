import { ScrollText } from 'lucide-react';
import { lazy } from 'react';
import type { AdminSection } from '../section.js';

export const audit: AdminSection = {
  path: '/audit',
  name: 'audit.title',
  icon: ScrollText,
  Section: lazy(() => import('./Audit.js')),
};
