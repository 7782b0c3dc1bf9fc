import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../platform/logger.js';
import type { Metrics } from '../../platform/metrics.js';
import type { Outbound } from '../../platform/outbound.js';
import { signedHeaders } from '../../platform/webhook-signature.js';
import type { Clock } from '../../shared/clock.js';
import { AppError } from '../../shared/errors.js';
import type { Metadata } from '../../shared/metadata.js';
import { isMetadata } from '../../shared/metadata.js';
import { cutText, isVisible, lengthOf } from '../../shared/text.js';
import type { VerdictsRepository } from './verdicts.repository.js';
import { atMost } from '../../shared/at-most.js';

/** Longest time for the hook's answer, in milliseconds. */
const TIMEOUT_MS = 1500;
/** Bytes of an answer: the longest text and metadata, and JSON around them. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Questions that wait for their answers on this node; one more is handled like a hook that is away. */
const MAX_WAITING = 500;
/** How long a verdict is remembered, in milliseconds, so that a retry asks nothing. */
const REMEMBERED_MS = 10 * 60_000;
/** Verdicts that a node has at hand; all of them are in the database. */
const AT_HAND = { ...atMost(20_000), ttl: REMEMBERED_MS };
/** How long other nodes leave a question to the node that asks it, in milliseconds: longer than it takes. */
const CLAIM_MS = 2 * TIMEOUT_MS;
/** How often a node looks for the verdict that another node is asking for, in milliseconds. */
const LOOK_MS = 50;
/** Code points of the reason for a refusal. */
const MAX_REASON = 500;
const DEFAULT_REASON = 'This message was refused';
/** Control characters, and those that turn the direction of text around. */
const UNSAFE_IN_REASON = /[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;

/** What the hook is asked about. */
export interface ReviewedMessage {
  chatId: string;
  senderId: string;
  content: string;
  messageType: string;
  media: readonly object[];
  /** Absent for a message that is not stored yet. */
  messageId?: string;
  clientMessageId?: string | undefined;
  replyTo?: string | undefined;
  isForwarded?: boolean;
  metadata?: unknown;
}

/** What becomes of a message that may be written: the parts that the hook has replaced. */
export interface Verdict {
  content?: string;
  metadata?: Metadata;
}

/** Reviews messages before they are written. */
export interface MessageReview {
  /**
   * @param key the same for a retry of the same message; undefined where a retry cannot be recognised.
   * @throws {AppError} MESSAGE_REFUSED, PRE_SEND_UNAVAILABLE.
   */
  review(message: ReviewedMessage, key: string | undefined): Promise<Verdict>;
}

/** What the hook has decided, as it is stored: the parts that it replaces, or why it refuses. */
type Decision = Verdict | { refusal: string };

/**
 * The hook of PRE_SEND_URL, an HTTP service. What it has decided is stored for ten minutes before anything follows from
 * it, so that no node asks it again about a retry. A node that dies while it asks is the exception.
 */
export class PreSendHook implements MessageReview {
  /** Decisions, also those that are not there yet: concurrent retries share one question. */
  private readonly decisions = new LRUCache<string, Promise<Decision>>(AT_HAND);
  private waiting = 0;

  constructor(
    private readonly deps: {
      outbound: Pick<Outbound, 'post'>;
      verdicts: Pick<VerdictsRepository, 'claim' | 'release' | 'settle'>;
      url: string;
      secret: string | undefined;
      onError: 'refuse' | 'accept';
      /** Code points of a message's text. */
      maxLength: number;
      clock: Clock;
      logger: Logger;
      metrics: Pick<Metrics, 'preSendDuration'>;
    },
  ) {}

  async review(message: ReviewedMessage, key: string | undefined): Promise<Verdict> {
    const { logger, onError } = this.deps;
    try {
      const decision = await this.decision(message, key);
      if ('refusal' in decision) throw new AppError('MESSAGE_REFUSED', decision.refusal);
      return decision;
    } catch (error) {
      if (!(error instanceof HookFailure)) throw error;
      const { chatId, messageId, senderId } = message;
      logger.warn(
        { err: error.cause, chatId, senderId, messageId },
        'the pre-send hook gave no usable answer',
      );
      if (onError === 'accept') return {};
      throw new AppError('PRE_SEND_UNAVAILABLE', 'The message could not be checked; try again', {
        retryAfter: 2,
        cause: error.cause,
      });
    }
  }

  private decision(message: ReviewedMessage, key: string | undefined): Promise<Decision> {
    if (key === undefined) return this.ask(message, randomUUID());
    // Keys hold whole texts.
    const id = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const known = this.decisions.get(id);
    if (known) return known;
    // No `await` between the lookup and this: otherwise two concurrent retries would both ask.
    const decision = this.askOnce(message, id);
    this.decisions.set(id, decision);
    decision.catch(() => {
      // A hook that was away is asked again.
      if (this.decisions.peek(id) === decision) this.decisions.delete(id);
    });
    return decision;
  }

  /** The decision of whichever node asks first. */
  private async askOnce(message: ReviewedMessage, id: string): Promise<Decision> {
    const { clock, verdicts } = this.deps;
    const claim = randomUUID();
    for (;;) {
      const now = clock.now();
      const stored = await verdicts.claim(id, claim, {
        now: new Date(now),
        until: new Date(now + CLAIM_MS),
        expiresAt: new Date(now + REMEMBERED_MS),
      });
      if (stored === undefined) break;
      if (stored !== null) return JSON.parse(stored) as Decision;
      await sleep(LOOK_MS);
    }
    try {
      const decision = await this.ask(message, id);
      await verdicts.settle(id, claim, JSON.stringify(decision));
      return decision;
    } catch (error) {
      // A claim that cannot be given back ends by itself.
      await verdicts.release(id, claim).catch(() => undefined);
      throw error;
    }
  }

  /** @throws {HookFailure} when there is no answer that can be used. */
  private async ask(message: ReviewedMessage, id: string): Promise<Decision> {
    const { clock, logger, metrics, outbound, secret, url } = this.deps;
    const started = performance.now();
    const note = (outcome: 'accepted' | 'changed' | 'refused' | 'failed') => {
      metrics.preSendDuration.observe({ outcome }, (performance.now() - started) / 1000);
    };
    try {
      if (this.waiting >= MAX_WAITING) throw new Error('too many questions wait for an answer');
      const at = clock.now();
      const type = message.messageId === undefined ? 'message.sending' : 'message.editing';
      const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data: message });
      const headers = signedHeaders(
        secret === undefined ? [] : [secret],
        `presend_${id}`,
        at,
        body,
      );
      const limits = { timeoutMs: TIMEOUT_MS, maxAnswerBytes: MAX_ANSWER_BYTES };
      this.waiting += 1;
      const answer = await outbound
        .post({ url, headers, body, ...limits })
        .finally(() => (this.waiting -= 1));
      if (answer.status < 200 || answer.status > 299 || answer.isCut) {
        throw new Error(
          `the hook answered ${answer.status}${answer.isCut ? ', too much or too slowly' : ''}`,
        );
      }
      const decision = this.decisionOf(JSON.parse(answer.text), message);
      const isRefused = 'refusal' in decision;
      note(isRefused ? 'refused' : Object.keys(decision).length > 0 ? 'changed' : 'accepted');
      if (isRefused) {
        const { chatId, messageId, senderId } = message;
        logger.info({ chatId, senderId, messageId }, 'the pre-send hook refused a message');
      }
      return decision;
    } catch (error) {
      note('failed');
      throw new HookFailure(error);
    }
  }

  /** @throws an Error for an answer that cannot be used. */
  private decisionOf(answer: unknown, { media }: ReviewedMessage): Decision {
    const { action, content, message, metadata } = (answer ?? {}) as Record<string, unknown>;
    if (action === 'accept') return {};
    if (action === 'refuse') return { refusal: reasonOf(message) };
    if (action !== 'change') throw new Error('the hook answered no known action');
    if (content === undefined && metadata === undefined) {
      throw new Error('the hook changes neither content nor metadata');
    }
    return {
      ...(content !== undefined && { content: this.textOf(content, media.length > 0) }),
      ...(metadata !== undefined && { metadata: metadataOf(metadata) }),
    };
  }

  /** A text of the hook's obeys the same rules as one of a client's. */
  private textOf(content: unknown, hasFiles: boolean): string {
    if (typeof content !== 'string') throw new Error('the hook answered a content that is no text');
    const isBlank = !isVisible(content);
    if (isBlank && !hasFiles) throw new Error('the hook answered an empty text');
    if (lengthOf(content) > this.deps.maxLength) throw new Error('the hook answered a long text');
    return isBlank ? '' : content;
  }
}

/** The hook gave no answer that can be used; `cause` says why. */
class HookFailure extends Error {
  constructor(cause: unknown) {
    super('the hook failed', { cause });
  }
}

const reasonOf = (message: unknown): string => {
  const text = typeof message === 'string' ? message.replace(UNSAFE_IN_REASON, ' ').trim() : '';
  return isVisible(text) ? cutText(text, MAX_REASON) : DEFAULT_REASON;
};

const metadataOf = (metadata: unknown): Metadata => {
  if (!isMetadata(metadata)) throw new Error('the hook answered metadata that are not allowed');
  return metadata;
};
