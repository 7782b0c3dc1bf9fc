import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, invalidInput, notFound } from '../../shared/errors.js';
import type { AccessChangePoster } from '../access-changes/index.js';
import type { AuditTrail } from '../users/index.js';
import type { FilterAction, WordFilterRepository, WordRule } from './word-filter.repository.js';
import type { WordFilter } from './word-filter.js';
import { MAX_RULES } from './word-filter.js';
import { isPattern, patternKey } from './word-matcher.js';

/** A rule to be made. */
export interface NewWordRule {
  pattern: string;
  action: FilterAction;
  /** The chat that it is for; absent: everywhere. */
  chatId?: string | undefined;
}

/** The admins' list of filtered words. */
export class WordRules {
  constructor(
    private readonly deps: {
      rules: WordFilterRepository;
      filter: WordFilter;
      audit: Pick<AuditTrail, 'during'>;
      accessChanges: AccessChangePoster;
      /** @throws {AppError} NOT_FOUND when there is no such chat. */
      assertChat(chatId: string): Promise<void>;
      clock: Clock;
    },
  ) {}

  /** All rules, newest first. */
  list(): Promise<WordRule[]> {
    return this.deps.rules.all(MAX_RULES);
  }

  /**
   * Adds a rule.
   *
   * @throws {AppError} VALIDATION for a pattern without a word, NOT_FOUND for the chat, CONFLICT when there is one
   *   for the word, or too many.
   */
  async add(actor: Actor, { pattern, action, chatId }: NewWordRule): Promise<WordRule> {
    const { clock, rules } = this.deps;
    assertPattern(pattern);
    if (chatId !== undefined) await this.deps.assertChat(chatId);
    if ((await rules.count()) >= MAX_RULES) {
      throw new AppError('CONFLICT', `There are ${MAX_RULES} word filters already`);
    }
    const now = new Date(clock.now());
    const details = { pattern, filter: action, ...(chatId !== undefined && { chatId }) };
    return this.change(actor, 'words.add', pattern, details, async () => {
      const rule = await rules.insert({
        pattern,
        key: patternKey(pattern),
        action,
        chatId: chatId === undefined ? null : objectId(chatId),
        createdBy: objectId(actor.userId),
        createdAt: now,
        updatedAt: now,
      });
      if (!rule) throw wordTaken();
      return rule;
    });
  }

  /**
   * Changes a rule's pattern or action.
   *
   * @throws {AppError} VALIDATION, NOT_FOUND, CONFLICT when there is another one for the word.
   */
  async update(
    actor: Actor,
    ruleId: string,
    { pattern, action }: { pattern?: string; action?: FilterAction },
  ): Promise<WordRule> {
    if (pattern !== undefined) assertPattern(pattern);
    const details = {
      ...(pattern !== undefined && { pattern }),
      ...(action && { filter: action }),
    };
    return this.change(actor, 'words.change', ruleId, details, async () => {
      const rule = await this.deps.rules.update(ruleId, {
        ...(pattern !== undefined && { pattern, key: patternKey(pattern) }),
        ...(action && { action }),
        updatedAt: new Date(this.deps.clock.now()),
      });
      if (rule === null) throw notFound('Word filter');
      if (rule === 'taken') throw wordTaken();
      return rule;
    });
  }

  /** @throws {AppError} NOT_FOUND */
  async remove(actor: Actor, ruleId: string): Promise<void> {
    await this.change(actor, 'words.remove', ruleId, {}, async () => {
      if (!(await this.deps.rules.remove(ruleId))) throw notFound('Word filter');
    });
  }

  /** Posts the change to all nodes before it is written, so that no crash comes in between. */
  private change<Result>(
    actor: Actor,
    action: string,
    subject: string,
    details: Record<string, unknown>,
    write: () => Promise<Result>,
  ): Promise<Result> {
    const { accessChanges, audit, filter } = this.deps;
    return audit.during(actor, { action, subject, details }, async () => {
      await accessChanges.post([{ kind: 'words', userId: actor.userId }]);
      const result = await write();
      await filter.refresh();
      return result;
    });
  }
}

const assertPattern = (pattern: string): void => {
  if (!isPattern(pattern)) {
    throw invalidInput('pattern', 'one or more words, with * at the beginning or the end at most');
  }
};

const wordTaken = (): AppError =>
  new AppError('CONFLICT', 'There is a filter for this word here already');
