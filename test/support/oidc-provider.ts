/** A real OpenID Connect provider in the process, where people sign in and out as with a browser. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import { Provider } from 'oidc-provider';

/** What the provider hands out. */
export interface OidcTokens {
  /** For the audience {@link CLIENT}; names the login (`sid`). */
  idToken: string;
  /** For the audience {@link API}. */
  accessToken: string;
  refreshToken: string;
}

/** Somebody who is signed in at the provider. */
export interface OidcLogin extends OidcTokens {
  /** New tokens of the same login. */
  refresh(): Promise<OidcTokens>;
  /** Signs out, of which the provider tells the client by back-channel logout before this resolves. */
  signOut(): Promise<void>;
}

/** A running provider. */
export interface OidcProvider {
  issuer: string;
  /** How long its ID tokens are good for, in seconds. */
  idTokenSeconds: number;
  /** How often its keys were asked for. */
  keyRequests: number;
  /** The keys that it publishes. */
  publicKeys(): Promise<JWK[]>;
  /** Signs with a new key from now on, and publishes that alone. */
  rotateKeys(): Promise<void>;
  /** Where it tells of logouts. */
  tellLogoutsTo(server: { url: string }): void;
  /** @param clientId the client that asks; {@link CLIENT} when absent. */
  signIn(subject: string, clientId?: string): Promise<OidcLogin>;
  close(): Promise<void>;
}

/** The client that Parley's users sign in to. */
export const CLIENT = 'chat';
/** A client of the same provider that has nothing to do with Parley. */
export const OTHER_CLIENT = 'billing';
/** The resource that access tokens are for. */
export const API = 'https://chat.test';

const SCOPES = 'openid profile email offline_access';
const REDIRECT = 'http://127.0.0.1/signed-in';
const SECRET = 'a secret of the client, which only the test knows';

const newKey = async (): Promise<JWK> => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'RS256', use: 'sig' };
};

/** Cookies, as far as one provider needs them: their names tell them apart. */
class Browser {
  private readonly cookies = new Map<string, string>();

  async open(address: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(address, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), cookie },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === '') this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return answer;
  }

  /** Follows redirects until one leaves the provider; answers where to. */
  async follow(address: string, issuer: string): Promise<URL> {
    let url = new URL(address);
    while (url.origin === issuer) {
      const answer = await this.open(url.href);
      const to = answer.headers.get('location');
      if (to === null) throw new Error(`${url.pathname}: ${answer.status} ${await answer.text()}`);
      url = new URL(to, url);
    }
    return url;
  }
}

/** Starts a provider; close it when done. */
export const startOidcProvider = async (): Promise<OidcProvider> => {
  let provider: Provider;
  let keys = [await newKey()];
  let logoutUri: string | undefined;
  const listener = createServer((req, res) => {
    if (req.url === '/jwks') running.keyRequests += 1;
    if (req.url?.startsWith('/interaction/')) void answerPrompt(req, res);
    else provider.callback()(req, res);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;

  /** Whoever is asked says who they are, and allows everything. */
  const answerPrompt = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { prompt, params, session } = await provider.interactionDetails(req, res);
    if (prompt.name === 'login') {
      await provider.interactionFinished(req, res, { login: { accountId: params.login_hint } });
      return;
    }
    const grant = new provider.Grant({
      accountId: session!.accountId,
      clientId: params.client_id as string,
    });
    grant.addOIDCScope(SCOPES);
    const consent = { grantId: await grant.save() };
    await provider.interactionFinished(req, res, { consent }, { mergeWithLastSubmission: true });
  };

  const configure = () => {
    const client = (clientId: string) => ({
      client_id: clientId,
      client_secret: SECRET,
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
      ...(clientId === CLIENT &&
        logoutUri !== undefined && {
          backchannel_logout_uri: logoutUri,
          backchannel_logout_session_required: true,
        }),
    });
    // It warns whoever keeps sessions and grants in memory, where they live on from one to the next.
    const { warn } = console;
    console.warn = () => undefined;
    provider = new Provider(issuer, {
      clients: [client(CLIENT), client(OTHER_CLIENT)],
      jwks: { keys },
      cookies: { keys: ['signs the cookies of the test'] },
      conformIdTokenClaims: false,
      claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
      findAccount: (_: unknown, subject: string) => ({
        accountId: subject,
        claims: () => ({
          sub: subject,
          name: `${subject} Provided`,
          email: `${subject}@id.test`,
          email_verified: true,
        }),
      }),
      pkce: { required: () => false },
      ttl: {
        IdToken: () => running.idTokenSeconds,
        AccessToken: 600,
        AuthorizationCode: 60,
        Grant: 6000,
        Interaction: 600,
        RefreshToken: 6000,
        Session: 6000,
      },
      // By itself it calls no address of this machine.
      fetch: (address: string, { method, headers, body }: RequestInit) =>
        fetch(address, { method: method!, headers: headers!, body: body! }),
      features: {
        devInteractions: { enabled: false },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: (ctx: { body: string }, form: string) => {
            ctx.body = form;
          },
        },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => API,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            scope: '',
            audience: API,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          }),
        },
      },
    });
    console.warn = warn;
  };

  const ask = async (clientId: string, grant: Record<string, string>): Promise<OidcTokens> => {
    const answer = await fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, client_secret: SECRET, ...grant }),
    });
    const body = (await answer.json()) as Record<string, string>;
    if (!answer.ok) throw new Error(`the provider refuses: ${JSON.stringify(body)}`);
    return {
      idToken: body.id_token!,
      accessToken: body.access_token!,
      refreshToken: body.refresh_token!,
    };
  };

  const running: OidcProvider = {
    issuer,
    idTokenSeconds: 600,
    keyRequests: 0,
    publicKeys: async () =>
      ((await (await fetch(`${issuer}/jwks`)).json()) as { keys: JWK[] }).keys,
    rotateKeys: async () => {
      keys = [await newKey()];
      configure();
    },
    tellLogoutsTo: ({ url }) => {
      logoutUri = `${url}/api/auth/backchannel-logout`;
      configure();
    },
    signIn: async (subject, clientId = CLIENT) => {
      const browser = new Browser();
      const query = new URLSearchParams({
        client_id: clientId,
        response_type: 'code',
        scope: SCOPES,
        prompt: 'consent',
        redirect_uri: REDIRECT,
        login_hint: subject,
      });
      const end = await browser.follow(`${issuer}/auth?${query.toString()}`, issuer);
      const code = end.searchParams.get('code');
      if (code === null) throw new Error(`nobody is signed in: ${end.href}`);
      const tokens = await ask(clientId, {
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT,
      });
      return {
        ...tokens,
        refresh: () =>
          ask(clientId, { grant_type: 'refresh_token', refresh_token: tokens.refreshToken }),
        signOut: async () => {
          const page = await browser.open(
            `${issuer}/session/end?client_id=${clientId}&id_token_hint=${tokens.idToken}`,
          );
          const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(await page.text())!;
          const answer = await browser.open(`${issuer}/session/end/confirm`, {
            method: 'POST',
            body: new URLSearchParams({ xsrf: xsrf!, logout: 'yes' }),
          });
          if (answer.status >= 400) throw new Error(`nobody is signed out: ${answer.status}`);
        },
      };
    },
    close: async () => {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  configure();
  return running;
};
