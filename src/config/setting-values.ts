import { isIP } from 'node:net';
import { metadataIndexesOf } from '../shared/metadata.js';
import { plainAddress } from '../shared/plain-address.js';

/** As browsers write an origin: a scheme, a host, perhaps a port. Applications have schemes of their own. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+$/i;

/**
 * The origins of a comma list, as browsers write them: without the slash at the end that addresses are
 * often copied with, and without the port that goes without saying.
 *
 * @throws when one is no origin; it would match none, and every browser would be refused without a word.
 */
export const originsOf = (list: string): string[] =>
  list
    .split(',')
    .map((part) => part.trim().replace(/\/$/, ''))
    .filter(Boolean)
    .map((part) => {
      if (part === '*') throw new Error('cannot be *: name the origins of your web clients');
      if (!ORIGIN.test(part) || !URL.canParse(part)) {
        throw new Error(`must name origins such as https://chat.example.com, not ${part}`);
      }
      return /^https?:/i.test(part) ? new URL(part).origin : part.toLowerCase();
    });

/** Names under which Express knows ranges of addresses. */
const NAMED_RANGES = new Set(['loopback', 'linklocal', 'uniquelocal']);

const isAddressRange = (text: string): boolean => {
  const [address = '', mask, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (mask === undefined || isIP(mask) === version) return true;
  return /^\d{1,3}$/.test(mask) && Number(mask) <= (version === 4 ? 32 : 128);
};

/** A range with brackets around its address, as `[fd00::]/8`, or one address, perhaps with a port. */
const plainRange = (part: string): string => {
  const [address = '', ...mask] = part.split('/');
  return [plainAddress(address), ...mask].join('/');
};

/**
 * What Express' `trust proxy` takes: true, false, a number of hops, or addresses. Ports and brackets of
 * addresses are left out.
 *
 * @throws for everything else.
 */
export const trustedProxies = (setting: string): string => {
  const isSimple = setting === 'true' || setting === 'false' || /^\d+$/.test(setting);
  if (isSimple) return setting;
  const parts = setting.split(',').map((part) => plainRange(part.trim()));
  if (!parts.every((part) => NAMED_RANGES.has(part) || isAddressRange(part))) {
    throw new Error('must be false, a number of hops, or a comma list of addresses');
  }
  return parts.join(', ');
};

/**
 * The keys of metadata in a comma list, such as `messages.orderId,users.tier`.
 *
 * @throws for what names no key.
 */
export const metadataKeysOf = (list: string): string[] => {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  metadataIndexesOf(names);
  return names;
};
