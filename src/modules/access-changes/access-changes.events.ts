import type { ForClients } from '../../shared/audience.js';
import type { UserRole } from '../../shared/actor.js';

/**
 * Somebody's access is about to change: a login of theirs (`login`: ended, account closed, another role),
 * their membership in a chat, or what they may do there (`member`), a block between them and somebody (`block`),
 * or a silence on the whole server (`silence`). For a server key that is about to be revoked (`key`), `userId` is
 * the id of the key. What others see of a chat (`chat`: its facts, its answer) or of an account (`profile`) may be
 * about to change: nobody loses a right by these, but they are cached like rights. Or a message of theirs is about to be held (`held`), or they are about to change the word
 * filters (`words`). It does not contain the new state: listeners read it from the database.
 */
export interface AccessChange {
  kind: 'login' | 'member' | 'chat' | 'profile' | 'block' | 'silence' | 'key' | 'held' | 'words';
  userId: string;
  /** The chat, for `member` and `chat`. */
  chatId?: string;
}

/** Events that this module publishes to the other modules of this node. */
export interface AccessChangeEvents {
  /** Somebody's access may differ from what is cached; caches about it must be dropped. */
  'access.recheck': AccessChange;
}

/**
 * Events that this node derives from the database and publishes to itself alone. They are the events of the
 * modules that make the changes; the database does not record who made a change.
 */
export interface AccessReconcilerEvents extends AccessChangeEvents {
  'session.revoked': { sessionId: string; userId: string };
  'user.deactivated': { userId: string };
  'user.role_changed': { userId: string; role: UserRole };
  'members.added': ForClients & { chatId: string; userIds: string[]; actorId: string | null };
  'members.removed': ForClients & { chatId: string; userIds: string[]; actorId: string | null };
}
