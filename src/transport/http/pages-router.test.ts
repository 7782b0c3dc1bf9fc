import { expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { createPagesRouter } from './pages-router.js';

it('sends whoever opens the address of the server to the documentation', async () => {
  const app = express().use(createPagesRouter());
  const { headers } = await request(app).get('/').expect(302);
  expect(headers.location).toBe('/api/docs');
  await request(app).get('/elsewhere').expect(404);
  await request(app).post('/').expect(404);
});
