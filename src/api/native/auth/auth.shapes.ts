import { presentOwnUser } from '../users/users.shapes.js';
import type { Grant, LoginGrant, SessionRecord } from '../../../modules/users/index.js';

/** The wire shape of a grant. */
export const presentGrant = ({ token, refreshToken, expiresIn, user }: Grant) => ({
  token,
  refreshToken,
  expiresIn,
  user: presentOwnUser(user),
});

/** The wire shape of a sign-in. */
export const presentSignIn = (signIn: LoginGrant) => ({
  ...presentGrant(signIn),
  deviceToken: signIn.deviceToken,
});

/** Names by what they write into their user agents. Those that call themselves like others, too, come first. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bElectron\//, 'Desktop app'],
  [/\bChrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/\bokhttp\/|\bDalvik\//, 'Android app'],
  [/\bCFNetwork\//, 'Apple app'],
  [/^node\b|\bundici\b/i, 'Node.js'],
  [/^curl\//, 'curl'],
];
const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b|\bMacintosh\b|\bDarwin\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

const nameIn = (userAgent: string, names: [RegExp, string][]): string | undefined =>
  names.find(([pattern]) => pattern.test(userAgent))?.[1];

/** A device in words, from its user agent. */
export const deviceName = (userAgent: string): string => {
  const known = [nameIn(userAgent, BROWSERS), nameIn(userAgent, SYSTEMS)].filter(Boolean);
  return known.join(' on ') || 'Unknown device';
};

/** The wire shape of one of the caller's logins. */
export const presentSession = (login: SessionRecord, currentId: string) => ({
  id: login._id.toHexString(),
  device: deviceName(login.userAgent),
  userAgent: login.userAgent,
  ip: login.ip,
  createdAt: login.createdAt.toISOString(),
  lastUsedAt: login.lastUsedAt.toISOString(),
  isCurrent: login._id.toHexString() === currentId,
});
