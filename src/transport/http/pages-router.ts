import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';

/** Where the build puts the pages, seen from the sources and from the built server alike. */
const BUILT_PAGES = fileURLToPath(new URL('../../../dist/web', import.meta.url));

/**
 * Serves the pages of `src/web` below `/views`, such as `/views/chat-test.html`. Scripts and styles lie
 * in files beside them, so that the strict content security policy holds.
 */
export const createPagesRouter = (): Router => {
  const router = Router();
  router.use('/views', express.static(BUILT_PAGES, { index: false, redirect: false }));
  return router;
};
