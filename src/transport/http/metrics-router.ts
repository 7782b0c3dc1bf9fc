import { createHash, timingSafeEqual } from 'node:crypto';
import { Router } from 'express';
import type { Metrics } from '../../platform/metrics.js';
import { AppError } from '../../shared/errors.js';
import { bearerToken } from './router.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * `GET /metrics`: the process's counters in Prometheus' text form, for whoever has the token in an
 * Authorization header; 401 for everybody else. Without a token in the settings there is no such page.
 */
export const createMetricsRouter = (metrics: Metrics, token: string | undefined): Router => {
  const router = Router();
  if (token === undefined) return router;
  const expected = digest(token);
  return router.get('/metrics', async (req, res) => {
    if (!timingSafeEqual(digest(bearerToken(req) ?? ''), expected)) {
      throw new AppError('UNAUTHENTICATED', 'The metrics need the token of METRICS_TOKEN');
    }
    res.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
};
