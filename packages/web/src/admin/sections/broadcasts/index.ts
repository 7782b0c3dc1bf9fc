import { Megaphone } from 'lucide-react';
import { lazy } from 'react';
import type { AdminSection } from '../section.js';

export const broadcasts: AdminSection = {
  path: '/broadcasts',
  name: 'broadcasts.title',
  icon: Megaphone,
  Section: lazy(() => import('./Broadcasts.js')),
};
