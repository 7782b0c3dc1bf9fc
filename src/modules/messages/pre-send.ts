import { createHash, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../../platform/logger.js';
import type { Outbound } from '../../platform/outbound.js';
import { signedHeaders } from '../../platform/webhook-signature.js';
import type { Clock } from '../../shared/clock.js';
import { SYSTEM_USER_ID } from '../../shared/actor.js';
import { AppError } from '../../shared/errors.js';
import type { Metadata } from '../../shared/metadata.js';
import { hasMetadata, isMetadata, metadataText } from '../../shared/metadata.js';
import { cutText, isVisible, lengthOf } from '../../shared/text.js';
import type { ChatSnapshot } from '../chats/index.js';
import type { Appended, MessageDraft, MessageLog } from './log/index.js';
import type { MentionResolver } from './mentions.js';
import { objectId } from '../../platform/object-id.js';

/** Longest time for the hook's answer, in milliseconds. */
const TIMEOUT_MS = 1500;
/** Bytes of an answer: the longest text and metadata, and JSON around them. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Questions that wait for their answers on this node; one more is handled like a hook that is away. */
const MAX_WAITING = 500;
/** Verdicts that are remembered, and for how many milliseconds, so that a retry asks nothing. */
const REMEMBERED = { max: 20_000, ttl: 10 * 60_000 };
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

/** The hook of PRE_SEND_URL, an HTTP service. */
export class PreSendHook implements MessageReview {
  /** Verdicts, also those that are not there yet: concurrent retries share one question. */
  private readonly verdicts = new LRUCache<string, Promise<Verdict>>(REMEMBERED);
  private waiting = 0;

  constructor(
    private readonly deps: {
      outbound: Pick<Outbound, 'post'>;
      url: string;
      secret: string | undefined;
      onError: 'refuse' | 'accept';
      /** Code points of a message's text. */
      maxLength: number;
      clock: Clock;
      logger: Logger;
    },
  ) {}

  async review(message: ReviewedMessage, key: string | undefined): Promise<Verdict> {
    if (key === undefined) return this.ask(message, randomUUID());
    // Keys hold whole texts.
    const id = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const known = this.verdicts.get(id);
    if (known) return known;
    // No `await` between the lookup and this: otherwise two concurrent retries would both ask.
    const verdict = this.ask(message, id);
    this.verdicts.set(id, verdict);
    verdict.catch((error: unknown) => {
      // A refusal stays; a hook that was away is asked again.
      if (isRefusal(error)) return;
      if (this.verdicts.peek(id) === verdict) this.verdicts.delete(id);
    });
    return verdict;
  }

  private async ask(message: ReviewedMessage, id: string): Promise<Verdict> {
    const { clock, logger, onError, outbound, secret, url } = this.deps;
    try {
      if (this.waiting >= MAX_WAITING) throw new Error('too many questions wait for an answer');
      this.waiting += 1;
      try {
        const at = clock.now();
        const type = message.messageId === undefined ? 'message.sending' : 'message.editing';
        const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data: message });
        const answer = await outbound.post({
          url,
          headers: signedHeaders(secret === undefined ? [] : [secret], `presend_${id}`, at, body),
          body,
          timeoutMs: TIMEOUT_MS,
          maxAnswerBytes: MAX_ANSWER_BYTES,
        });
        if (answer.status < 200 || answer.status > 299 || answer.isCut) {
          throw new Error(`the hook answered ${answer.status}${answer.isCut ? ', too much' : ''}`);
        }
        return this.verdictOf(JSON.parse(answer.text), message);
      } finally {
        this.waiting -= 1;
      }
    } catch (error) {
      if (isRefusal(error)) throw error;
      logger.warn({ err: error }, 'the pre-send hook gave no usable answer');
      if (onError === 'accept') return {};
      throw new AppError('PRE_SEND_UNAVAILABLE', 'The message could not be checked; try again', {
        retryAfter: 2,
        cause: error,
      });
    }
  }

  /** @throws {AppError} MESSAGE_REFUSED; an Error for an answer that cannot be used. */
  private verdictOf(answer: unknown, { media }: ReviewedMessage): Verdict {
    const { action, content, message, metadata } = (answer ?? {}) as Record<string, unknown>;
    if (action === 'accept') return {};
    if (action === 'refuse') throw refused(message);
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

const isRefusal = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'MESSAGE_REFUSED';

const refused = (message: unknown): AppError => {
  const text = typeof message === 'string' ? message.replace(UNSAFE_IN_REASON, ' ').trim() : '';
  return new AppError(
    'MESSAGE_REFUSED',
    isVisible(text) ? cutText(text, MAX_REASON) : DEFAULT_REASON,
  );
};

const metadataOf = (metadata: unknown): Metadata => {
  if (!isMetadata(metadata)) throw new Error('the hook answered metadata that are not allowed');
  return metadata;
};

/**
 * The log as it is given to `SendMessage` where a hook is set: a message is written when it has been reviewed. What
 * the server itself writes goes to the log directly, so nobody is asked about it.
 *
 * Questions are asked at once, but the messages of one sender are written to a chat in the order in which they came,
 * however long each question takes: the people who read them would see the answer before the question otherwise. So a
 * question that hangs holds up what the same sender has sent to the same chat after it, and nobody else.
 */
export class ReviewedLog implements Pick<MessageLog, 'append' | 'written'> {
  /** The last write of each sender in each chat that has any under way. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    private readonly deps: {
      log: Pick<MessageLog, 'append' | 'written'>;
      review: MessageReview;
      mentions: MentionResolver;
      snapshot(chatId: string): Promise<ChatSnapshot | undefined>;
    },
  ) {}

  /** @param accepted called when the message is about to be written, and not for one that is refused. */
  async append(
    chatId: string,
    draft: MessageDraft,
    accepted: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Appended> {
    // Nobody is asked about what the system says.
    if (draft.senderId.toHexString() === SYSTEM_USER_ID) {
      return this.deps.log.append(chatId, draft);
    }
    const key = `${chatId}:${draft.senderId.toHexString()}`;
    const before = this.turns.get(key);
    const reviewed = this.reviewed(chatId, draft);
    const turn = this.inTurn(before, reviewed, chatId, accepted);
    const settled = turn.written.then(ignore, ignore);
    this.turns.set(key, settled);
    void settled.then(() => {
      if (this.turns.get(key) === settled) this.turns.delete(key);
    });
    return turn.appended;
  }

  written(...args: Parameters<MessageLog['written']>): ReturnType<MessageLog['written']> {
    return this.deps.log.written(...args);
  }

  /** `written` settles when the message is in the log's queue, or will never be. */
  private inTurn(
    before: Promise<unknown> | undefined,
    reviewed: Promise<Appended | MessageDraft>,
    chatId: string,
    accepted: () => Promise<void>,
  ): { written: Promise<unknown>; appended: Promise<Appended> } {
    const queued = (async () => {
      await before;
      const draft = await reviewed;
      if (!('message' in draft)) await accepted();
      // In an object: a promise alone would be awaited, and the next message would wait for the database.
      return {
        appended: 'message' in draft ? Promise.resolve(draft) : this.deps.log.append(chatId, draft),
      };
    })();
    reviewed.catch(ignore);
    return { written: queued, appended: queued.then(({ appended }) => appended) };
  }

  /** The message as it may be written, or the one that an earlier try has written. */
  private async reviewed(chatId: string, draft: MessageDraft): Promise<Appended | MessageDraft> {
    const { log, mentions, review, snapshot } = this.deps;
    const { clientMessageId, fingerprint } = draft;
    const senderId = draft.senderId.toHexString();
    if (clientMessageId !== undefined && fingerprint !== undefined) {
      const message = await log.written(chatId, senderId, { clientMessageId, fingerprint });
      if (message) return { message, isReplay: true };
    }
    const { metadata } = draft;
    // The fingerprint is of what the client sent first: its sender may have edited a held message since.
    const said = JSON.stringify([draft.content, metadataText(metadata ?? {})]);
    const verdict = await review.review(
      {
        chatId,
        senderId,
        content: draft.content,
        messageType: draft.messageType,
        media: draft.media,
        clientMessageId,
        ...(draft.replyTo && { replyTo: draft.replyTo.id.toHexString() }),
        isForwarded: draft.forwardedFrom !== undefined,
        ...(metadata !== undefined && { metadata }),
      },
      clientMessageId &&
        `send:${chatId}:${senderId}:${clientMessageId}:${fingerprint ?? ''}:${said}`,
    );
    const { content } = verdict;
    const data = verdict.metadata ?? metadata;
    const changed = { ...draft, ...verdict, metadata: hasMetadata(data) ? data : undefined };
    if (content === undefined || content === draft.content) return changed;
    const chat = await snapshot(chatId);
    const mentioned = chat ? await mentions.resolve(chat, content) : [];
    return { ...changed, mentions: mentioned.map(objectId) };
  }
}

const ignore = (): void => undefined;
