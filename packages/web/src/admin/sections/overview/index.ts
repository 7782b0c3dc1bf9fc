import { Activity } from 'lucide-react';
import { lazy } from 'react';
import type { AdminSection } from '../section.js';

export const overview: AdminSection = {
  path: '/overview',
  name: 'admin.overview',
  icon: Activity,
  Section: lazy(() => import('./Overview.js')),
};
