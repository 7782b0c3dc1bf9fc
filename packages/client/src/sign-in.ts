import type { Tokens } from './login.js';
import { RestApi } from './rest-api.js';
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
    return `parley:device:${new URL(this.url).origin}:${name.trim().toLowerCase()}`;
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
 * @throws {ChatError} INVALID_CREDENTIALS, ACCOUNT_DEACTIVATED, RATE_LIMITED, or why there was no answer.
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
 * Makes an account and signs in; the device is known from then on.
 *
 * @param url base of the server, as in `https://chat.example.com`.
 * @throws {ChatError} USERNAME_TAKEN, EMAIL_TAKEN, VALIDATION, RATE_LIMITED, or why there was no answer.
 */
export const signUp = async (
  url: string,
  account: SignUp,
  { storage = defaultStorage() }: SignInOptions = {},
): Promise<SignedIn> => {
  const signedIn = await new RestApi(url).request<SignedIn>('POST', '/api/auth/register', account);
  await new DeviceTokenStorage(url, storage).write(signedIn);
  return signedIn;
};
