import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';

const SECRET = 'a secret of the shop, long enough for anybody';

/** The setting that makes a node take the tokens of {@link shopToken}. */
export const SHOP_ISSUER = {
  AUTH_ISSUERS: JSON.stringify([
    { name: 'shop', issuer: 'shop', audience: 'chat', secret: SECRET, algorithms: ['HS256'] },
  ]),
};

/** A token of the issuer `shop`, valid for ten minutes. */
export const shopToken = (claims: Record<string, unknown>): Promise<string> => {
  const iat = Math.floor(Date.now() / 1000);
  return new SignJWT({ iss: 'shop', aud: 'chat', iat, exp: iat + 600, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(Buffer.from(SECRET));
};

/** A logout token of the issuer for a user who has never been here. */
export const shopLogoutToken = (): Promise<string> =>
  shopToken({
    sub: 'nobody',
    jti: randomUUID(),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
