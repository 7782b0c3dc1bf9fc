import { SignJWT } from 'jose';

/** What Parley has in AUTH_ISSUERS for these tokens. */
const [ISSUER, AUDIENCE] = ['shop', 'chat'];
const SECRET = process.env.CHAT_SECRET ?? 'at least 32 characters that only you and Parley know';

/** A token for the chat. Yours says who is signed in by your session, never by what the page asks for. */
const tokenFor = (userId) =>
  new SignJWT({ name: userId })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));

/** Stands for the server of your product, in Vite's: `GET /chat-token?user=ada`. */
export const yourServer = () => {
  const serve = ({ middlewares }) => {
    middlewares.use('/chat-token', (request, response, next) => {
      const user = new URL(request.url, 'http://localhost').searchParams.get('user');
      tokenFor(user).then((token) => response.end(token), next);
    });
  };
  return { name: 'your-server', configureServer: serve, configurePreviewServer: serve };
};
