/** The shop's own users and sessions. Parley knows neither: it takes the tokens that are signed here. */
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

/** How long somebody stays signed in, in milliseconds. */
const SESSION_MS = 8 * 3_600_000;
const MAX_SESSIONS = 1000;
/** How long a token for Parley lives; the page fetches another one before. */
const TOKEN_LIFETIME = '10 minutes';

const hash = (password, salt) => scryptSync(password, salt, 32);

const userOf = (id, name, role) => {
  const salt = randomBytes(16);
  return { id, name, role, salt, hash: hash('shop1234', salt) };
};

/** @param shopUrl the issuer in the tokens. */
export const createAccounts = async (shopUrl) => {
  const users = [
    userOf('1', 'Grace Seller', 'seller'),
    userOf('2', 'Ada Customer', 'customer'),
    userOf('3', 'Ben Customer', 'customer'),
  ];
  const sessions = new Map();
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const kid = randomBytes(8).toString('hex');
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
  return {
    users,
    seller: users[0],
    /** What Parley checks tokens with. */
    keySet: { keys: [jwk] },
    byId: (id) => users.find((user) => user.id === id),

    /** Answers the id of a new session; undefined for a wrong password. */
    signIn(name, password) {
      const user = users.find((one) => one.name.split(' ')[0].toLowerCase() === name.toLowerCase());
      if (!user || !timingSafeEqual(hash(password, user.salt), user.hash)) return undefined;
      const id = randomBytes(24).toString('base64url');
      sessions.set(id, { user, until: Date.now() + SESSION_MS });
      // A map keeps its order: the oldest goes first.
      if (sessions.size > MAX_SESSIONS) sessions.delete(sessions.keys().next().value);
      return id;
    },
    signOut: (sessionId) => sessions.delete(sessionId),
    /** Whose session it is; undefined when it has ended. */
    userOf(sessionId) {
      const session = sessions.get(sessionId);
      return session && session.until > Date.now() ? session.user : undefined;
    },

    /** A token with which the user is signed in to Parley, too. */
    tokenFor: (user) =>
      new SignJWT({ name: user.name })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setIssuer(shopUrl)
        .setAudience('parley')
        .setSubject(user.id)
        .setIssuedAt()
        .setExpirationTime(TOKEN_LIFETIME)
        .sign(privateKey),
  };
};
