import { ChatError } from './chat-error.js';
import type { Tokens } from './login.js';
import { RestApi, originOf } from './rest-api.js';
import type { KeyValueStorage } from './storage.js';
import { defaultStorage } from './storage.js';
import type { Person } from './wire.types.js';

/** Who signs in: a username or an e-mail address, under whichever of the names, and the password. */
export type Credentials = { password: string } & (
  { identifier: string } | { username: string } | { email: string }
);

/** A new account. */
export interface SignUp {
  username: string;
  email: string;
  password: string;
  firstName?: string;
  lastName?: string;
  /** A code of an invite, where the server asks for one. */
  inviteCode?: string;
}

/** A login, as the server answers it. */
export interface SignedIn extends Tokens {
  refreshToken: string;
  /** Life of `token` in seconds. */
  expiresIn: number;
  user: Person & { email: string };
  /** What makes this device known at the next login; it is kept and sent by itself. */
  deviceToken: string;
}

/** What an application may choose. */
export interface SignInOptions {
  /** Where what makes this device known is kept; the browser's localStorage, or memory. */
  storage?: KeyValueStorage;
}

/** Keeps device tokens by server and by the name under which somebody signs in. */
class DeviceTokenStorage {
  constructor(
    private readonly url: string,
    private readonly storage: KeyValueStorage,
  ) {}

  async read(name: string): Promise<string | undefined> {
    try {
      return await this.storage.get(this.keyOf(name));
    } catch {
      // Without it the server takes this device for a new one.
      return undefined;
    }
  }

  /** Keeps the token under both names, because the next login may be by the other one. */
  async write({ user, deviceToken }: SignedIn): Promise<void> {
    try {
      for (const name of [user.username, user.email]) {
        await this.storage.set(this.keyOf(name), deviceToken);
      }
    } catch {
      // It is full, or nothing may be stored here.
    }
  }

  private keyOf(name: string): string {
    return `parley:device:${originOf(this.url)}:${name.trim().toLowerCase()}`;
  }
}

const nameIn = (credentials: Credentials): string => {
  if ('identifier' in credentials) return credentials.identifier;
  return 'email' in credentials ? credentials.email : credentials.username;
};

/**
 * Signs in. The device is known to the server from then on, so that wrong passwords of strangers do not keep
 * its user from signing in here; give a `storage` that lasts where there is no localStorage.
 *
 * @param url base of the server, as in `https://chat.example.com`.
 * @throws {ChatError} INVALID_CREDENTIALS, ACCOUNT_DEACTIVATED, EMAIL_NOT_VERIFIED, RATE_LIMITED, or why there was
 *   no answer; TOTP_REQUIRED with a `challenge` for {@link completeSignIn}.
 */
export const signIn = async (
  url: string,
  credentials: Credentials,
  { storage = defaultStorage() }: SignInOptions = {},
): Promise<SignedIn> => {
  const devices = new DeviceTokenStorage(url, storage);
  const name = nameIn(credentials);
  const deviceToken = await devices.read(name);
  const body = { ...credentials, ...(deviceToken !== undefined && { deviceToken }) };
  const signedIn = await new RestApi(url).request<SignedIn>('POST', '/api/auth/login', body);
  await devices.write(signedIn);
  return signedIn;
};

/**
 * Signs in, second step: the challenge of the first one, and a code of the authenticator app or a recovery code.
 *
 * @param url base of the server, as in `https://chat.example.com`.
 * @throws {ChatError} TOTP_INVALID: ask for another code; UNAUTHENTICATED: begin anew; RATE_LIMITED, or why there was
 *   no answer.
 */
export const completeSignIn = async (
  url: string,
  secondStep: { challenge: string; code: string },
  { storage = defaultStorage() }: SignInOptions = {},
): Promise<SignedIn> => {
  const signedIn = await new RestApi(url).request<SignedIn>('POST', '/api/auth/totp', secondStep);
  await new DeviceTokenStorage(url, storage).write(signedIn);
  return signedIn;
};

/**
 * Has the server mail a link for a new password to an address, if an account has it.
 *
 * @throws {ChatError} MAIL_NOT_CONFIGURED, RATE_LIMITED, or why there was no answer.
 */
export const forgotPassword = async (url: string, email: string): Promise<void> => {
  await new RestApi(url).request('POST', '/api/auth/forgot-password', { email });
};

/**
 * Sets a new password by the token of such a link; all logins of the account end.
 *
 * @throws {ChatError} LINK_INVALID, VALIDATION, or why there was no answer.
 */
export const resetPassword = async (
  url: string,
  reset: { token: string; password: string },
): Promise<void> => {
  await new RestApi(url).request('POST', '/api/auth/reset-password', reset);
};

/**
 * Makes an account and signs in; the device is known from then on.
 *
 * @param url base of the server, as in `https://chat.example.com`.
 * @throws {ChatError} USERNAME_TAKEN, EMAIL_TAKEN, VALIDATION, RATE_LIMITED, REGISTRATION_CLOSED, INVITE_REQUIRED,
 *   INVITE_INVALID, EMAIL_DOMAIN_REFUSED, or why there was no answer; EMAIL_NOT_VERIFIED when the account was made and
 *   its address must be confirmed before the first login.
 */
export const signUp = async (
  url: string,
  account: SignUp,
  { storage = defaultStorage() }: SignInOptions = {},
): Promise<SignedIn> => {
  const made = await new RestApi(url).request<SignedIn | { mustVerifyEmail: true }>(
    'POST',
    '/api/auth/register',
    account,
  );
  if (!('token' in made)) {
    throw new ChatError({
      code: 'EMAIL_NOT_VERIFIED',
      message: 'Open the link in the mail, then sign in',
    });
  }
  await new DeviceTokenStorage(url, storage).write(made);
  return made;
};
