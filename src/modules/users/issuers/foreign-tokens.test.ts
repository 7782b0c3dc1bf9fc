import { describe, expect, it } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey } from 'jose';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authIssuersOf } from '../../../config/auth-issuers.js';
import { ForeignTokens } from './foreign-tokens.js';

const NOW = 1_800_000_000;
const SECRET = 'a secret of the issuer that has 32 characters';

const tokensOf = (...issuers: object[]) => {
  const some = issuers.map((issuer, i) => ({
    name: `issuer${i}`,
    issuer: 'https://id.test',
    audience: 'chat',
    ...issuer,
  }));
  return new ForeignTokens(
    authIssuersOf(JSON.stringify(some)),
    { now: () => NOW * 1000 },
    () => undefined,
  );
};
const tokenOf = (
  key: CryptoKey | Uint8Array,
  alg: string,
  claims: Record<string, unknown> = {},
  kid?: string,
) =>
  new SignJWT({
    iss: 'https://id.test',
    aud: 'chat',
    sub: '42',
    iat: NOW,
    exp: NOW + 600,
    ...claims,
  })
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .sign(key);
const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'taken',
    (error: unknown) => (error as { code: string }).code,
  );

describe('a token of an issuer', () => {
  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])(
    'signed by %s is taken where that is allowed, and refused where it is not',
    async (alg) => {
      const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
      const token = await tokenOf(privateKey, alg);
      const pem = await exportSPKI(publicKey);
      const jwk = await exportJWK(publicKey);
      for (const key of [pem, jwk]) {
        const { externalId } = await tokensOf({ publicKey: key, algorithms: [alg] }).verify(token);
        expect(externalId).toBe('42');
      }
      const others = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'].filter((one) => one !== alg);
      const strict = tokensOf({ publicKey: pem, algorithms: others });
      expect(await codeOf(strict.verify(token))).toBe('UNAUTHENTICATED');
    },
  );

  it('signed by a secret is taken of the issuer that has the secret, and of no other', async () => {
    const tokens = tokensOf(
      { secret: SECRET, algorithms: ['HS256'] },
      { issuer: 'https://other.test', secret: `${SECRET}!`, algorithms: ['HS256'] },
    );
    const token = await tokenOf(Buffer.from(SECRET), 'HS256');
    expect((await tokens.verify(token)).issuer.name).toBe('issuer0');
    const stolen = await tokenOf(Buffer.from(SECRET), 'HS256', { iss: 'https://other.test' });
    expect(await codeOf(tokens.verify(stolen))).toBe('UNAUTHENTICATED');
  });

  it('that names no key is tried with each of the published ones', async () => {
    const pairs = await Promise.all([1, 2, 3].map(() => generateKeyPair('ES256')));
    const keys = await Promise.all(
      pairs.map(async ({ publicKey }, i) => ({ ...(await exportJWK(publicKey)), kid: `k${i}` })),
    );
    const listener = createServer((_, res) => res.end(JSON.stringify({ keys })));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = listener.address() as AddressInfo;
      const tokens = tokensOf({ jwksUri: `http://127.0.0.1:${port}/`, algorithms: ['ES256'] });
      for (const { privateKey } of pairs) {
        expect(await codeOf(tokens.verify(await tokenOf(privateKey, 'ES256')))).toBe('taken');
      }
      const { privateKey } = await generateKeyPair('ES256');
      expect(await codeOf(tokens.verify(await tokenOf(privateKey, 'ES256')))).toBe(
        'UNAUTHENTICATED',
      );
      const misnamed = await tokenOf(pairs[0]!.privateKey, 'ES256', {}, 'k1');
      expect(await codeOf(tokens.verify(misnamed))).toBe('UNAUTHENTICATED');
    } finally {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    }
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['for one of several audiences', { aud: ['billing', 'chat'] }, 'taken'],
    ['for no audience', { aud: undefined }, 'UNAUTHENTICATED'],
    ['without the time when it was made', { iat: undefined }, 'UNAUTHENTICATED'],
    ['of a user whose id is a number', { sub: 42 }, 'UNAUTHENTICATED'],
    ['of a user whose id is empty', { sub: '' }, 'UNAUTHENTICATED'],
    ['of a user whose id has 128 signs', { sub: '😀'.repeat(128) }, 'taken'],
    ['of a user whose id has 129 signs', { sub: 'x'.repeat(129) }, 'UNAUTHENTICATED'],
    ['of a user whose id has a control character', { sub: 'a\nb' }, 'UNAUTHENTICATED'],
    ['of a user whose id has half a sign', { sub: 'a\ud800' }, 'UNAUTHENTICATED'],
    ['that ends at no time', { exp: 'never' }, 'UNAUTHENTICATED'],
  ])('%s', async (_, claims, outcome) => {
    const tokens = tokensOf({ secret: SECRET, algorithms: ['HS256'] });
    const token = await tokenOf(Buffer.from(SECRET), 'HS256', claims);
    expect(await codeOf(tokens.verify(token))).toBe(outcome);
  });

  it('is read by the names that the settings give its claims, in depth too', async () => {
    const tokens = tokensOf({
      secret: SECRET,
      algorithms: ['HS256'],
      claims: {
        id: 'user.id',
        name: 'https://id.test/name',
        role: 'realm_access.roles',
      },
      adminRoles: ['chat-admin'],
    });
    const token = await tokenOf(Buffer.from(SECRET), 'HS256', {
      user: { id: '7' },
      'https://id.test/name': 'Ada',
      name: 'Not she',
      email: 'ada@id.test',
      realm_access: { roles: ['other', 'chat-admin'] },
    });
    expect(await tokens.verify(token)).toMatchObject({
      externalId: '7',
      subject: '42',
      expiresAt: (NOW + 600) * 1000,
      profile: { name: 'Ada', email: 'ada@id.test', isAdmin: true },
    });
    // What every object has is no claim.
    const inherited = tokensOf({
      secret: SECRET,
      algorithms: ['HS256'],
      claims: { id: 'constructor.name' },
    });
    expect(await codeOf(inherited.verify(token))).toBe('UNAUTHENTICATED');
  });

  it('says nothing about roles where the settings name none, and no address that is unverified', async () => {
    const tokens = tokensOf({ secret: SECRET, algorithms: ['HS256'] });
    for (const email_verified of [false, 'false']) {
      const claims = { role: 'admin', email: 'eve@id.test', email_verified };
      const { profile } = await tokens.verify(await tokenOf(Buffer.from(SECRET), 'HS256', claims));
      expect(profile).toEqual({});
    }
  });
});
