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

/** A host name with at least one dot, as after the @ of an address. */
const DOMAIN = /^(?=.{1,253}$)([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]*[a-z\d]$/i;
const DOMAIN_RULE = 'domain:';

/** The domains of a rule `domain:a.example,b.example`, in lower case; empty for every other rule. */
export const domainsOf = (rule: string): string[] =>
  rule.startsWith(DOMAIN_RULE) ? rule.slice(DOMAIN_RULE.length).split(',') : [];

/**
 * Who may register: `open`, `invite`, `closed`, or `domain:` and a comma list of domains, which is answered in
 * lower case without spaces.
 *
 * @throws for everything else.
 */
export const registrationRule = (setting: string): string => {
  if (['open', 'invite', 'closed'].includes(setting)) return setting;
  const rule = setting.toLowerCase().replaceAll(/\s/g, '');
  const domains = domainsOf(rule);
  if (domains.length === 0 || !domains.every((domain) => DOMAIN.test(domain))) {
    throw new Error('must be open, invite, closed, or domain:a.example,b.example');
  }
  return rule;
};

/**
 * The sender of mails: an address, or a name and an address in angle brackets.
 *
 * @throws for everything else, above all for several lines, which would be further headers.
 */
export const mailSender = (setting: string): string => {
  if (!/^(?:[^<>\p{Cc}]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u.test(setting)) {
    throw new Error('must be an address, or a name and an address: Parley <chat@example.com>');
  }
  return setting;
};

/**
 * A comma list of ranges of addresses.
 *
 * @throws when one is neither an address nor a range.
 */
export const addressRanges = (list: string): string => {
  const ranges = list
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  for (const range of ranges) {
    const isPlain = !range.includes('/') || /\/\d{1,3}$/.test(range);
    if (!isPlain || !isAddressRange(range)) {
      throw new Error(`must be a comma list of ranges such as 10.0.0.0/8, not ${range}`);
    }
  }
  return ranges.join(',');
};

/**
 * A secret by the Standard Webhooks specification.
 *
 * @throws for everything else.
 */
export const signingSecret = (secret: string): string => {
  const key = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1] ?? '';
  const { length } = Buffer.from(key, 'base64');
  if (length < 24 || length > 64) throw new Error('must be whsec_ and 24 to 64 bytes in Base64');
  return secret;
};
