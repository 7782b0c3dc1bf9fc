import { isIP } from 'node:net';

/** `[2001:db8::1]:443` and `[2001:db8::1]`. */
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;
/** `192.0.2.1:443`; an IPv6 address with a port always has brackets. */
const WITH_PORT = /^([\d.]+):\d{1,5}$/;
/** `fe80::1%eth0` names the network card, which is no part of the address. */
const ZONE = /%.*$/;
const MAPPED = /^(?:0{0,4}:){1,5}:?ffff:(.+)$/i;
const HEX_PAIR = /^([\da-f]{1,4}):([\da-f]{1,4})$/i;

/** An IPv4 address that is written as an IPv6 one, as IPv4; every other one as it is. */
const unmapped = (address: string): string => {
  const inner = isIP(address) === 6 ? MAPPED.exec(address)?.[1] : undefined;
  if (inner === undefined) return address;
  if (isIP(inner) === 4) return inner;
  const [, high = '', low = ''] = HEX_PAIR.exec(inner) ?? [];
  if (high === '') return address;
  const bits = [parseInt(high, 16), parseInt(low, 16)];
  return bits.flatMap((pair) => [pair >> 8, pair & 255]).join('.');
};

/**
 * An IP address as proxies write it, without what does not belong to it: quotes, a port, brackets, a zone, the
 * IPv6 form of an IPv4 address.
 *
 * @returns the text as it is, but for spaces around it, when no address is in it.
 */
export const plainAddress = (text: string): string => {
  const trimmed = text.trim();
  const bare = trimmed.replace(/^"(.*)"$/, '$1').trim();
  const inner = BRACKETED.exec(bare)?.[1] ?? WITH_PORT.exec(bare)?.[1] ?? bare;
  const address = inner.replace(ZONE, '');
  return isIP(address) === 0 ? trimmed : unmapped(address);
};
