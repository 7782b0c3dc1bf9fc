import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import Joi from 'joi';
import request from 'supertest';
import { createDocsRouter } from './docs-router.js';
import { route } from './route.js';

const hello = route({
  method: 'get',
  path: '/api/hello',
  summary: 'Say hello',
  tag: 'Greetings',
  auth: 'none',
  response: Joi.string(),
  handle: () => Promise.resolve({ data: 'hello' }),
});
const app = express().use(createDocsRouter([hello]));

describe('the documentation of the routes', () => {
  it('is a page that loads nothing from elsewhere and has nothing inline', async () => {
    const { text, type } = await request(app).get('/api/docs').expect(200);
    expect(type).toBe('text/html');
    expect(text).not.toMatch(/<style|style=|\son\w+=|<script>|javascript:|https?:/);
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(files.length).toBeGreaterThan(3);
    // The page of the events is served by another router.
    for (const file of files.filter((name) => name !== '/api/docs/events'))
      await request(app).get(file).expect(200);
  });

  it('serves the specification of the routes it was given', async () => {
    const { body } = await request(app).get('/api/docs/openapi.json').expect(200);
    expect(body).toMatchObject({
      openapi: '3.1.0',
      info: { version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
      paths: { '/api/hello': { get: { summary: 'Say hello', tags: ['Greetings'] } } },
    });
  });

  it('is complete, too, where the server lies below a folder whose name begins with a dot', async () => {
    const home = await mkdtemp(join(tmpdir(), 'parley-docs-'));
    try {
      const assets = join(home, '.npm', 'swagger-ui-dist');
      await mkdir(assets, { recursive: true });
      await writeFile(join(assets, 'swagger-ui.css'), 'body {}');
      const hidden = express().use(createDocsRouter([hello], assets));
      await request(hidden).get('/api/docs/swagger-ui.css').expect(200, 'body {}');
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });

  it('serves no other file of the page’s package', async () => {
    await request(app).get('/api/docs/swagger-initializer.js').expect(404);
    await request(app).get('/api/docs/..%2fpackage.json').expect(404);
  });
});
