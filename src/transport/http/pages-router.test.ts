import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { createPagesRouter } from './pages-router.js';

/** Where `scripts/build.mjs` puts the pages. */
const BUILT_PAGES = join(process.cwd(), 'dist/web');

it('the router of pages serves the files that the build has put into dist/web', async () => {
  const app = express().use(createPagesRouter());
  // A page of its own: the tests beside the sources run without a build.
  const name = `${randomUUID()}.html`;
  await mkdir(BUILT_PAGES, { recursive: true });
  await writeFile(join(BUILT_PAGES, name), '<p>A page</p>');
  try {
    const { text } = await request(app).get(`/views/${name}`).expect(200);
    expect(text).toBe('<p>A page</p>');
    await request(app).get('/views/another.html').expect(404);
    await request(app).get('/views/').expect(404);
  } finally {
    await rm(join(BUILT_PAGES, name));
  }
});
