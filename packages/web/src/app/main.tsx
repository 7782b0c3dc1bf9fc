import { lazy, Suspense } from 'react';
import { Skeleton } from '../kit/States.js';
import { startPage } from '../start-page.js';

// Fetched while somebody signs in.
const App = lazy(() => import('./App.js'));

startPage(
  'app',
  <Suspense fallback={<Skeleton shape="row" count={8} />}>
    <App />
  </Suspense>,
);
