import type { Connection } from 'mongoose';
import type { Freshness } from '../../platform/cached-lookup.js';
import type { Job } from '../../platform/jobs.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessChangePoster } from './access-change-feed.js';
import { AccessChangeFeed } from './access-change-feed.js';
import { ACCESS_POLL_MS, AccessChangePoller, FeedProgress } from './access-change-poller.js';
import { AccessChangesRepository } from './access-changes.repository.js';
import type { AccessReconcilerDeps } from './access-reconciler.js';
import { AccessReconciler } from './access-reconciler.js';

export type { AccessChangePoster } from './access-change-feed.js';
export { defineAccessChangeModels } from './access-changes.repository.js';
export type { AccessChange, AccessChangeEvents } from './access-changes.events.js';
export type { LocalConnections } from './access-reconciler.js';

/** How this node follows the access changes of all nodes. */
export interface AccessReconciliation {
  jobs: Job[];
  /** Starts after the newest entry. Call it before sockets are accepted. */
  start(): Promise<void>;
}

/** Announces changes of what people have access to, and follows those of all nodes, with or without Redis. */
export interface AccessChangesModule {
  /** Where use cases announce access changes. */
  feed: AccessChangePoster;
  /** How far this node has read the feed: until then, what is cached of chats, rights and accounts is true. */
  freshness: Freshness;
  /**
   * Compares announced changes with the database, and publishes on this node's bus the events it has missed.
   *
   * @param deps.now a clock that does not jump, in milliseconds; absent: the process's own.
   */
  reconciliation(deps: AccessReconcilerDeps & { now?: () => number }): AccessReconciliation;
}

/** Builds the module; its models are defined on the connection. */
export const createAccessChanges = ({
  connection,
  clock,
}: {
  connection: Connection;
  clock: Clock;
}): AccessChangesModule => {
  const entries = new AccessChangesRepository(connection);
  const freshness = new FeedProgress();
  return {
    freshness,
    feed: new AccessChangeFeed(entries, clock),
    reconciliation: ({ now, ...deps }) => {
      const poller = new AccessChangePoller(entries, new AccessReconciler(deps), freshness, now);
      return {
        // The job's name in leases and logs.
        jobs: [{ name: 'notices', everyMs: ACCESS_POLL_MS, run: () => poller.tick() }],
        start: () => poller.start(),
      };
    },
  };
};
