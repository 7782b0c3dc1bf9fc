import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authIssuersOf } from './auth-issuers.js';
import { ConfigError, loadConfig } from './index.js';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = publicKey.export({ type: 'spki', format: 'pem' });
const SECRET = 'a secret that nobody may read in a log';

const GOOD = {
  name: 'main',
  issuer: 'https://id.test',
  audience: 'chat',
  discovery: true,
  algorithms: ['RS256'],
};
const without = (member: keyof typeof GOOD) =>
  Object.fromEntries(Object.entries(GOOD).filter(([name]) => name !== member));
const KEYLESS = without('discovery');
const read = (...issuers: object[]) => authIssuersOf(JSON.stringify(issuers));

describe('AUTH_ISSUERS', () => {
  it('takes keys by discovery, from an address, and as they are', () => {
    const issuers = read(
      GOOD,
      { ...KEYLESS, name: 'b', issuer: 'b', jwksUri: 'https://b.test/jwks', audience: ['x', 'y'] },
      { ...KEYLESS, name: 'c', issuer: 'c', publicKey: PEM, algorithms: ['ES256'] },
      {
        ...KEYLESS,
        name: 'd',
        issuer: 'd',
        publicKey: publicKey.export({ format: 'jwk' }),
        algorithms: ['ES256', 'EdDSA'],
      },
      { ...KEYLESS, name: 'e', issuer: 'e', secret: SECRET, algorithms: ['HS256'] },
    );
    expect(issuers.map(({ keys }) => keys.from)).toEqual([
      'discovery',
      'address',
      'settings',
      'settings',
      'settings',
    ]);
    expect(issuers[0]).toMatchObject({
      audience: ['chat'],
      claims: { id: 'sub', name: 'name', picture: 'picture', email: 'email', role: 'role' },
      adminRoles: [],
    });
    expect(issuers[1]!.audience).toEqual(['x', 'y']);
  });

  it.each<[string, object[], string]>([
    ['no name', [without('name')], '[0].name'],
    ['a name with a colon', [{ ...GOOD, name: 'a:b' }], '[0].name'],
    ['no issuer', [without('issuer')], '[0].issuer'],
    ['no audience', [without('audience')], '[0].audience'],
    ['an empty list of audiences', [{ ...GOOD, audience: [] }], '[0].audience'],
    ['no algorithms', [without('algorithms')], '[0].algorithms'],
    ['the algorithm none', [{ ...GOOD, algorithms: ['none'] }], '[0].algorithms[0]'],
    ['no keys', [KEYLESS], '[0]'],
    ['two kinds of keys', [{ ...GOOD, secret: SECRET }], '[0]'],
    ['a member that is none', [{ ...GOOD, audiance: 'chat' }], '[0].audiance'],
    ['a claim that is none', [{ ...GOOD, claims: { age: 'age' } }], '[0].claims.age'],
    ['an address of another kind', [{ ...KEYLESS, jwksUri: 'file:///etc/keys' }], '[0].jwksUri'],
    [
      'HS256 with a public key',
      [{ ...KEYLESS, publicKey: PEM, algorithms: ['ES256', 'HS256'] }],
      '[0].algorithms',
    ],
    [
      'a secret for RS256',
      [{ ...KEYLESS, secret: SECRET, algorithms: ['RS256'] }],
      '[0].algorithms',
    ],
    [
      'a secret for HS256 and RS256',
      [{ ...KEYLESS, secret: SECRET, algorithms: ['HS256', 'RS256'] }],
      '[0].algorithms',
    ],
    ['a short secret', [{ ...KEYLESS, secret: 'short', algorithms: ['HS256'] }], '[0].secret'],
    [
      'a private key',
      [{ ...KEYLESS, publicKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) }],
      '[0].publicKey',
    ],
    [
      'a private key as a JWK',
      [{ ...KEYLESS, publicKey: privateKey.export({ format: 'jwk' }) }],
      '[0].publicKey',
    ],
    ['discovery at no address', [{ ...GOOD, issuer: 'shop' }], '[0].issuer'],
    ['one name twice', [GOOD, { ...GOOD, issuer: 'https://other.test' }], '[1]'],
    ['one issuer twice', [GOOD, { ...GOOD, name: 'other' }], '[1]'],
  ])('with %s refuses the start, and names the member', (_what, issuers, named) => {
    const AUTH_ISSUERS = JSON.stringify(issuers);
    const start = () => loadConfig({ AUTH_ISSUERS });
    expect(start).toThrow(ConfigError);
    expect(start).toThrow(`AUTH_ISSUERS${named}`);
    // What is refused may be a secret.
    expect(start).not.toThrow(SECRET);
    expect(start).not.toThrow('PRIVATE KEY');
  });

  describe('in a file', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'parley-issuers-'));
    });
    afterAll(() => {
      rmSync(folder, { recursive: true });
    });

    it('is read from there', () => {
      const path = join(folder, 'issuers.json');
      writeFileSync(path, JSON.stringify([GOOD]));
      expect(authIssuersOf(`@${path}`)).toHaveLength(1);
    });

    it('that is not there, or has no JSON, refuses the start', () => {
      const path = join(folder, 'broken.json');
      expect(() => authIssuersOf(`@${path}`)).toThrow(`cannot read the file ${path}`);
      writeFileSync(path, '[{');
      expect(() => authIssuersOf(`@${path}`)).toThrow('must be a JSON array');
      expect(() => loadConfig({ AUTH_ISSUERS: '{}' })).toThrow('AUTH_ISSUERS');
    });
  });
});
