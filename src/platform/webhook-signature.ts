import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** Bytes of a secret; the specification wants 24 to 64. */
const SECRET_BYTES = 32;

/** A new secret for signing: `whsec_` and Base64. */
export const newSigningSecret = (): string =>
  `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;

/**
 * The headers of a signed request, by the Standard Webhooks specification.
 *
 * @param secrets each signs; the receiver needs to know one of them.
 * @param id the same for each attempt to tell of the same thing.
 * @param at the time of this attempt, in milliseconds: receivers refuse what is minutes old.
 */
export const signedHeaders = (
  secrets: readonly string[],
  id: string,
  at: number,
  body: string,
): Record<string, string> => ({
  'content-type': 'application/json',
  'user-agent': 'Parley-Webhooks/1',
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at / 1000)),
  ...(secrets.length > 0 && {
    'webhook-signature': secrets
      .map((secret) => new Webhook(secret).sign(id, new Date(at), body))
      .join(' '),
  }),
});
