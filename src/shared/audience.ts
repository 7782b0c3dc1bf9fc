/** Some devices, wherever they are connected. */
export type Target =
  /** All devices of all members of a chat. */
  | { kind: 'chat'; chatId: string }
  /** The devices that are looking at a chat. */
  | { kind: 'viewers'; chatId: string }
  /** All devices of some users. */
  | { kind: 'users'; userIds: string[] }
  /** The devices that take part in a live stream, as host or viewers. */
  | { kind: 'stream'; liveId: string }
  /** The devices with which one user takes part in a live stream. */
  | { kind: 'participant'; liveId: string; userId: string }
  /** The devices that are still being shown the broadcasts they have missed. */
  | { kind: 'arriving' }
  /** Every device. */
  | { kind: 'everyone' };

/**
 * Who may hear of a domain event: the devices of any of `to`, without those of any of `except`. Worked out
 * beside the write, carried by the event, plain JSON.
 */
export interface Audience {
  to: Target[];
  except: Target[];
}

/** What a domain event carries of which clients are told. */
export interface ForClients {
  audience: Audience;
}

const users = (userIds: string[]): Target[] =>
  userIds.length > 0 ? [{ kind: 'users', userIds }] : [];

/** The usual audiences; `exceptUserIds` hear nothing on any device. */
export const audiences = {
  chat: (chatId: string, exceptUserIds: string[] = []): Audience => ({
    to: [{ kind: 'chat', chatId }],
    except: users(exceptUserIds),
  }),
  viewers: (chatId: string, exceptUserIds: string[] = []): Audience => ({
    to: [{ kind: 'viewers', chatId }],
    except: users(exceptUserIds),
  }),
  /** The members of a chat, and users who have just left it. */
  chatAnd: (chatId: string, userIds: string[]): Audience => ({
    to: [{ kind: 'chat', chatId }, ...users(userIds)],
    except: [],
  }),
  users: (userIds: string[]): Audience => ({ to: users(userIds), except: [] }),
  stream: (liveId: string): Audience => ({ to: [{ kind: 'stream', liveId }], except: [] }),
  /** The devices with which one user takes part in a live stream. */
  participant: (liveId: string, userId: string): Audience => ({
    to: [{ kind: 'participant', liveId, userId }],
    except: [],
  }),
  /** The members of a chat; everybody where there is no chat, as of a stream to everybody. */
  chatOrEveryone: (chatId: string | null): Audience => ({
    to: [chatId === null ? { kind: 'everyone' } : { kind: 'chat', chatId }],
    except: [],
  }),
};
