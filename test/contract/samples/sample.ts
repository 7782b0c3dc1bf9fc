import type { MailServer } from '../../support/mail-server.js';
import type { TestServer, TestUser } from '../../support/server.js';

/** The people that the matrices use, and what they share. */
export interface SampleWorld {
  server: TestServer;
  /** Where the server's mails go. */
  mails: MailServer;
  /** Members of the direct chat; Alice opened it. */
  alice: TestUser;
  bob: TestUser;
  /** Signed in, and in no chat with anybody here. */
  stranger: TestUser;
  admin: TestUser;
  /** A server that has a key with every scope; `id` is the key's. It has no account. */
  service: TestUser;
  chatId: string;
  /** Registers somebody new, for samples that use an account up. */
  newUser(): Promise<TestUser>;
  /** Sends a message from Alice to Bob and returns its id. */
  newMessage(): Promise<string>;
}

/** What of a request its route looks at. */
export interface SampleRequest {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: Record<string, unknown>;
}

/**
 * A request that works, and who may make it. The matrices derive everything else from it: callers
 * without rights, and bodies that are broken in every way.
 */
export interface RouteSample {
  /** Builds a request that works for `by`; called anew for every use. */
  request(world: SampleWorld): SampleRequest | Promise<SampleRequest>;
  /** Who makes it: a member unless told. */
  by?: 'alice' | 'bob' | 'admin' | 'service';
  /**
   * What a signed-in stranger gets for the same request: 404 for what members alone may know, 403
   * for admins' routes, 401 for routes under a server key, 415 for forms that get no form, or 200 for routes that
   * are about the caller.
   */
  stranger: 404 | 403 | 401 | 415 | 200;
  /** The body is a form with files; JSON bodies are refused as such. */
  isForm?: boolean;
}

/** Samples by route, as `post /api/chats/:chatId/accept`. */
export type RouteSamples = Record<string, RouteSample>;

/** A socket command that works, and who may send it. */
export interface CommandSample {
  payload(world: SampleWorld): Record<string, unknown> | Promise<Record<string, unknown>>;
  by?: 'alice' | 'bob' | 'admin';
  /** The code that a signed-in stranger gets, or `ok` for commands that are about the caller. */
  stranger: 'NOT_FOUND' | 'FORBIDDEN' | 'ok';
  /** The event also takes payloads that are not objects, such as the bare name of a room. */
  takesAnything?: boolean;
}

/** Samples by dialect and event, as `native send_message`. */
export type CommandSamples = Record<string, CommandSample>;
