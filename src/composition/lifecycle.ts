import type { Server as HttpServer } from 'node:http';
import { LIVE_TICK_MS } from '../modules/live/index.js';
import { catchUpPreviews } from '../modules/messages/index.js';
import {
  ACCESS_POLL_MS,
  AccessChangePoller,
  AccessReconciler,
} from '../modules/access-changes/index.js';
import { Jobs } from '../platform/jobs.js';
import { Leases } from '../platform/leases.js';
import { toAppError } from '../platform/to-app-error.js';
import type { SocketServer } from '../transport/socket/socket-server.js';
import type { Areas } from './areas.js';
import type { Foundation } from './foundation.js';
import { status } from './standing.js';

/** How exactly scheduled broadcasts keep their time, in milliseconds. */
const BROADCAST_TICK_MS = 1000;
/** How soon people are told what was put off while the process was busy, in milliseconds. */
const PRESENCE_CATCH_UP_MS = 1000;
/** How long work under way may take when the node goes down, in milliseconds. */
const DRAIN_MS = 5000;

/** What runs by itself on a node, and what has to end with it. */
export interface NodeParts {
  foundation: Foundation;
  areas: Areas;
  httpServer: HttpServer;
  sockets: SocketServer;
}

/** Brings a node to life, apart from listening: what must exist exists, and what repeats is started. */
export const startNode = async (parts: NodeParts): Promise<void> => {
  const { foundation, areas } = parts;
  const { models, clock, logger } = foundation;
  areas.sync.start();
  foundation.load.start();

  await areas.users.start();
  const jobs = new Jobs(logger, new Leases(models.leases, clock), (error) => {
    foundation.disks.note(toAppError(error));
  });
  const accessChanges = new AccessChangePoller(
    models.accessChanges,
    new AccessReconciler(status(parts)),
  );
  await accessChanges.start();
  jobs.every('notices', ACCESS_POLL_MS, () => accessChanges.tick());
  await Promise.all([areas.presence.start(), areas.broadcasts.start()]);
  jobs.every('broadcasts', BROADCAST_TICK_MS, () => areas.broadcasts.showNew());
  jobs.everyOnce('scheduled broadcasts', BROADCAST_TICK_MS, () => areas.broadcasts.sendDue());
  jobs.every('presence leases', areas.presence.tickMs, () => areas.presence.attendance.tick());
  jobs.every('presence put off', PRESENCE_CATCH_UP_MS, () => areas.presence.catchUp());
  jobs.every('live streams', LIVE_TICK_MS, () => areas.live.renew());
  jobs.everyOnce('abandoned live streams', LIVE_TICK_MS, () => areas.live.endAbandoned());
  for (const { name, everyMs, run, isOncePerCluster } of areas.media.jobs) {
    if (isOncePerCluster) jobs.everyOnce(name, everyMs, run);
    else jobs.every(name, everyMs, run);
  }
  await areas.media.start();
  await areas.groups.rooms.ensureGeneral();
  await catchUpPreviews(models.messages, areas.previews);
  planShutdown(parts, jobs);
};

/** The way down, in the order in which the parts need each other. */
const planShutdown = ({ foundation, areas, httpServer, sockets }: NodeParts, jobs: Jobs): void => {
  const { shutdown, redis, database, intake, load } = foundation;
  const { log, media, search, sync, deliveries, previews, presence } = areas;
  shutdown.add('stop accepting', 1000, () => {
    sockets.stopAccepting();
    intake.close();
    httpServer.close();
  });
  shutdown.add('stop jobs', 3000, () => {
    media.close();
    return jobs.stop();
  });
  shutdown.add('finish what is under way', DRAIN_MS, async () => {
    await Promise.all([log.drained(), intake.idle()]);
  });
  shutdown.add('close sockets', 8000, () => sockets.close());
  shutdown.add('end digests', 3000, () => {
    load.stop();
    return sync.close();
  });
  shutdown.add('note deliveries and lists', 3000, () =>
    // The database is not closed under those that go on when one has failed.
    allSettled([
      search.close(),
      deliveries.flush(),
      previews.close(),
      presence.attendance.settle(),
    ]),
  );
  shutdown.add('end disk probes', 3000, () => foundation.disks.stop());
  shutdown.add('close redis', 1000, () => redis?.close());
  shutdown.add('close database', 3000, () => database.close());
};

/** Waits for all of the work, then rejects as the first that has failed. */
const allSettled = async (work: Promise<void>[]): Promise<void> => {
  await Promise.allSettled(work);
  await Promise.all(work);
};
