import { Users } from 'lucide-react';
import { lazy } from 'react';
import type { AdminSection } from '../section.js';

export const people: AdminSection = {
  path: '/people',
  name: 'people.title',
  icon: Users,
  Section: lazy(() => import('./People.js')),
};
