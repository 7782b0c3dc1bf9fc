import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PublishedKeys } from './issuer-keys.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let listener: Server;
let address: string;
let jwk: JWK;
let requests: string[] = [];
let answer: (path: string, res: ServerResponse) => void;
/** What the clock shows, in milliseconds. */
let now = 0;
let failures: unknown[] = [];

const json = (res: ServerResponse, body: unknown) => res.end(JSON.stringify(body));
const good = (path: string, res: ServerResponse) =>
  json(res, path === '/jwks' ? { keys: [jwk] } : { issuer: address, jwks_uri: `${address}/jwks` });

beforeAll(async () => {
  jwk = { ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid: 'one' };
  listener = createServer((req, res) => {
    requests.push(req.url!);
    answer(req.url!, res);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
});
afterAll(async () => {
  listener.closeAllConnections();
  await new Promise((resolve) => listener.close(resolve));
});
beforeEach(() => {
  requests = [];
  failures = [];
  answer = good;
});

const keysOf = (from: 'address' | 'discovery') =>
  new PublishedKeys(
    {
      issuer: address,
      keys: from === 'address' ? { from, address: `${address}/jwks` } : { from },
    },
    (error) => failures.push(error),
    () => now,
  );
/** Asks for a key; answers with `found` or the code of the error. */
const ask = async (keys: PublishedKeys, kid = 'one'): Promise<string> => {
  try {
    await keys.keyFor({ alg: 'ES256', kid }, { payload: '', signature: '' });
    return 'found';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the keys of an issuer', () => {
  it('are fetched once for all who ask at once, also where their address must be found out', async () => {
    const keys = keysOf('discovery');
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(keys)));
    expect(new Set(answers)).toEqual(new Set(['found']));
    expect(requests).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it.each<[string, (res: ServerResponse) => void]>([
    ['nothing', () => undefined],
    ['a few bytes, and then nothing', (res) => res.write('{"keys":')],
    ['an error', (res) => res.writeHead(500).end('{}')],
    ['no JSON', (res) => res.end('<html>')],
    ['null', (res) => res.end('null')],
    ['no keys', (res) => json(res, {})],
    ['a list', (res) => json(res, [jwk])],
    ['keys that are none', (res) => json(res, { keys: 'one' })],
    ['too much', (res) => json(res, { keys: [jwk], more: 'x'.repeat(300_000) })],
    ['the end of the connection', (res) => res.destroy()],
    ['another address', (res) => res.writeHead(302, { location: '/elsewhere' }).end()],
  ])(
    'cannot be used when it answers with %s, and are asked for again half a minute later',
    async (_, bad) => {
      const keys = keysOf('address');
      answer = (path, res) => (path === '/jwks' ? bad(res) : good('/jwks', res));
      expect(await ask(keys)).toBe('UNAVAILABLE');
      expect(await ask(keys)).toBe('UNAVAILABLE');
      expect([requests, failures.length]).toEqual([['/jwks'], 1]);
      answer = good;
      now += 30_000;
      expect(await ask(keys)).toBe('found');
    },
  );

  it.each<[string, object]>([
    ['names no issuer', { jwks_uri: 'http://127.0.0.1/jwks' }],
    ['names another issuer', { issuer: 'http://other.test', jwks_uri: 'http://127.0.0.1/jwks' }],
    ['names no address', {}],
    ['names a file', { jwks_uri: 'file:///etc/passwd' }],
  ])('cannot be used when its description %s', async (what, description) => {
    const named = what.includes('issuer') ? {} : { issuer: address };
    answer = (_path, res) => json(res, { ...named, ...description });
    expect(await ask(keysOf('discovery'))).toBe('UNAVAILABLE');
    expect(requests).toEqual(['/.well-known/openid-configuration']);
  });

  it('are fetched anew for an unknown one, but at most twice a minute', async () => {
    const keys = keysOf('address');
    expect(await ask(keys)).toBe('found');
    for (let i = 0; i < 5; i += 1) expect(await ask(keys, `forged${i}`)).not.toBe('found');
    expect(requests).toHaveLength(1);
    now += 30_000;
    await Promise.all(Array.from({ length: 5 }, (_, i) => ask(keys, `forged${i}`)));
    expect(requests).toHaveLength(2);
    jwk = { ...jwk, kid: 'two' };
    expect(await ask(keys, 'two')).not.toBe('found');
    now += 30_000;
    expect(await ask(keys, 'two')).toBe('found');
    expect(await ask(keys, 'one')).not.toBe('found');
    jwk = { ...jwk, kid: 'one' };
  });

  it('are used for a day while the issuer is away, and not longer', async () => {
    const keys = keysOf('address');
    expect(await ask(keys)).toBe('found');
    answer = (_, res) => res.destroy();
    for (let hour = 0; hour < 23; hour += 1) {
      now += HOUR;
      expect(await ask(keys)).toBe('found');
    }
    now += HOUR + 1;
    expect(await ask(keys)).toBe('UNAVAILABLE');
    expect(failures.length).toBeGreaterThan(0);
    answer = good;
    now += MINUTE;
    expect(await ask(keys)).toBe('found');
  });

  it('are read again in the background once they are ten minutes old', async () => {
    const keys = keysOf('address');
    await ask(keys);
    now += 9 * MINUTE;
    expect(await ask(keys)).toBe('found');
    expect(requests).toHaveLength(1);
    now += 2 * MINUTE;
    let release: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = (path, res) => {
        release = () => good(path, res);
        resolve();
      };
    });
    // Whoever asks meanwhile does not wait.
    expect(await ask(keys)).toBe('found');
    await asked;
    expect(await ask(keys)).toBe('found');
    release();
    expect(requests).toHaveLength(2);
  });
});
