import type { Connection } from 'mongoose';
import type { Subscription } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import type { AccessChangeEvents, AccessChangePoster } from '../access-changes/index.js';
import type { AuditTrail } from '../users/index.js';
import { WordFilterRepository } from './word-filter.repository.js';
import { WordFilter } from './word-filter.js';
import { WordRules } from './word-rules.js';

export { FILTER_ACTIONS, defineWordFilterModels } from './word-filter.repository.js';
export type { FilterAction, WordRule } from './word-filter.repository.js';
export { messageRefused } from './word-filter.js';
export type { Screened, WordFilter } from './word-filter.js';
export type { NewWordRule, WordRules } from './word-rules.js';

/** The word filter, built: modules whose texts it reads are built after it, the admins' list of words later. */
export interface WordFilterModule {
  filter: WordFilter;
  /** The admins' list. */
  rules(deps: {
    audit: Pick<AuditTrail, 'during'>;
    /** @throws {AppError} NOT_FOUND when there is no such chat. */
    assertChat(chatId: string): Promise<void>;
  }): WordRules;
  subscriptions: Subscription<AccessChangeEvents>[];
  /** Reads the words. */
  start(): Promise<void>;
}

/** Builds the module; its models are defined on the connection. */
export const createWordFilter = ({
  connection,
  logger,
  clock,
  accessChanges,
}: {
  connection: Connection;
  logger: Logger;
  clock: Clock;
  accessChanges: AccessChangePoster;
}): WordFilterModule => {
  const rules = new WordFilterRepository(connection);
  const filter = new WordFilter({ rules, logger });
  return {
    filter,
    rules: (deps) => new WordRules({ ...deps, rules, filter, clock, accessChanges }),
    subscriptions: filter.subscriptions,
    start: () => filter.start(),
  };
};
