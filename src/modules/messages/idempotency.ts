import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Types } from 'mongoose';
import { AppError } from '../../shared/errors.js';
import { hasMetadata, metadataText } from '../../shared/metadata.js';
import type { StoredMessage } from './message.model.js';
import type { SendInput, Sent } from './messages.types.js';
import { messageTypeOf } from './messages.types.js';
import { atMost } from '../../shared/at-most.js';

/** Looks messages up by their senders' client ids. */
export interface ClientIdLookup {
  byClientId(
    chatId: Types.ObjectId,
    senderId: Types.ObjectId,
    clientMessageId: string,
  ): Promise<StoredMessage | undefined>;
}

/** The identity of a send, by which a retry is recognised. */
export interface SendIdentity {
  clientMessageId: string;
  /** Digest of the content: the same id with another digest is a mistake of the client's. */
  fingerprint: string;
}

/** The identity of a send; undefined where the client gives its messages no ids. */
export const identityOf = (input: SendInput): SendIdentity | undefined => {
  const { clientMessageId } = input;
  return clientMessageId === undefined
    ? undefined
    : { clientMessageId, fingerprint: fingerprintOf(input) };
};

const fingerprintOf = ({
  content,
  messageType,
  customType,
  metadata,
  media,
  replyTo,
  filesDigest,
}: SendInput): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        content,
        filesDigest === undefined ? messageTypeOf(messageType, media) : null,
        filesDigest ?? media.map(({ fileId, url }) => fileId ?? url),
        replyTo ?? null,
        // Other messages have the fingerprint that they had before there were these.
        ...(customType === undefined && !hasMetadata(metadata)
          ? []
          : [customType ?? null, metadataText(metadata ?? {})]),
      ]),
    )
    .digest('base64url')
    .slice(0, 22);

/**
 * The message that a sender has already written under a client id.
 *
 * @throws {AppError} CLIENT_MESSAGE_ID_REUSED when it is another message.
 */
export const findWritten = async (
  messages: ClientIdLookup,
  draft: Pick<StoredMessage, 'chatId' | 'senderId' | 'clientMessageId' | 'fingerprint'>,
): Promise<StoredMessage | undefined> => {
  const { chatId, senderId, clientMessageId, fingerprint } = draft;
  if (clientMessageId === undefined) return undefined;
  const original = await messages.byClientId(chatId, senderId, clientMessageId);
  if (original && original.fingerprint !== fingerprint) throw clientMessageIdReused();
  return original;
};

/** The error for a client id that was used for another message. */
export const clientMessageIdReused = (): AppError =>
  new AppError(
    'CLIENT_MESSAGE_ID_REUSED',
    'This clientMessageId was already used for a different message',
  );

/** A send that is under way, or was not long ago. */
export interface RecentSend {
  fingerprint: string;
  sent: Promise<Sent>;
}

/** How many sends a node remembers, and for how many milliseconds. */
const KEPT = { ...atMost(50_000), ttl: 60_000 };
/** How often older sends are dropped, in milliseconds: the cache itself keeps them until it is full. */
const PURGE_EVERY_MS = 10_000;

/**
 * What this node has sent in the last minute, or is sending, so that a retry need not ask the database. Not a
 * `CachedLookup`: that would repeat the send for callers that wait for it.
 */
export class RecentSends {
  private readonly sends = new LRUCache<string, RecentSend>(KEPT);
  private purgedAt = performance.now();

  /** The send under a key, if it is remembered. */
  get(key: string): RecentSend | undefined {
    return this.sends.get(key);
  }

  /**
   * Remembers a send from now on. One that fails is forgotten, so that it can be tried again; one that is held, too:
   * it is sent when a moderator says so, perhaps on another node.
   */
  add(key: string, send: RecentSend): void {
    this.sends.set(key, send);
    const forget = () => this.sends.delete(key);
    send.sent.then(({ message }) => message.isHeld && forget(), forget);
    this.purgeOld();
  }

  private purgeOld(): void {
    const now = performance.now();
    if (now - this.purgedAt < PURGE_EVERY_MS) return;
    this.purgedAt = now;
    this.sends.purgeStale();
  }
}
