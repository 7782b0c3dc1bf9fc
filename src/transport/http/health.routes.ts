import { Router } from 'express';
import type { Request, Response } from 'express';

/** One thing that the server needs. */
export interface Component {
  name: string;
  /** Whether the server can serve without it. */
  isEssential: boolean;
  isUp(): boolean;
}

/** How busy the server is. */
export interface Busyness {
  readonly level: string;
  readonly lagMs: number;
}

/** What the health endpoints look at. */
export interface HealthParts {
  environment: string;
  components: Component[];
  load: Busyness;
  /** Whether the server takes new work; false while it shuts down. */
  isReady(): boolean;
}

/** `/health` says how the server is; `/ready` says whether to send it new work. */
export const createHealthRouter = (parts: HealthParts): Router => {
  const { environment, components, load, isReady } = parts;
  const health = (_req: Request, res: Response) => {
    const down = components.filter((component) => !component.isUp());
    const isServing = !down.some((component) => component.isEssential);
    const isWhole = down.length === 0 && load.level === 'normal';
    const status = isWhole ? 'ok' : isServing ? 'degraded' : 'unavailable';
    res.status(isServing ? 200 : 503).json({
      success: isServing,
      message: {
        ok: 'Server is healthy',
        degraded: 'Server is degraded',
        unavailable: 'Server is not available',
      }[status],
      status,
      timestamp: new Date().toISOString(),
      environment,
      database: components.find(({ name }) => name === 'database')?.isUp()
        ? 'connected'
        : 'disconnected',
      uptime: Math.round(process.uptime()),
      load: load.level,
      eventLoopLagMs: Math.round(load.lagMs),
      components: Object.fromEntries(
        components.map((component) => [component.name, component.isUp() ? 'up' : 'down']),
      ),
    });
  };
  const ready = (_req: Request, res: Response) => {
    const isEverythingThere = components.every(
      (component) => !component.isEssential || component.isUp(),
    );
    const canServe = isReady() && isEverythingThere;
    res.status(canServe ? 200 : 503).json({ success: canServe, ready: canServe });
  };
  return Router().get(['/health', '/api/health'], health).get('/ready', ready);
};
