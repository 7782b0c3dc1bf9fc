import { StrictMode } from 'react';
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { Texts } from './i18n/index.js';
import type { Area } from './i18n/index.js';
import { Toasts } from './kit/index.js';
import { SessionGate } from './session/index.js';

/** Starts a page: its texts, its login, and what it shows to who is signed in. */
export const startPage = (area: Exclude<Area, 'common'>, page: ReactNode): void => {
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <Texts areas={['common', area]}>
        <SessionGate>{page}</SessionGate>
        <Toasts />
      </Texts>
    </StrictMode>,
  );
};
