import type { Actor } from '../../shared/actor.js';
import type { UserCard } from '../users/index.js';

/** What a system message reports: its kind, such as `members_added`, and the facts of it. */
export interface SystemFacts {
  type: string;
  [fact: string]: unknown;
}

/** Writes messages about what has happened to a chat into its log; a later module keeps the log. */
export interface SystemLog {
  /**
   * Writes one message by `actorId`. No right is checked: what it reports has already been done.
   *
   * @param text the report in English, for clients that know nothing of `facts`.
   * @param isOnce whether it can happen to a chat once only: reported again, nothing is written.
   */
  post(
    actorId: string,
    chatId: string,
    facts: SystemFacts,
    text: string,
    isOnce?: boolean,
  ): Promise<unknown>;
}

/** A system message: facts for clients that draw it themselves, and the same in words. */
export interface SystemReport {
  facts: SystemFacts;
  text: string;
}

const listed = (names: string[]): string =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(names);

/** What the log says about a group's making. */
export const groupCreated = (actor: string, name: string): SystemReport => ({
  facts: { type: 'group_created', name },
  text: `${actor} created “${name}”`,
});

/** What the log says when somebody adds others. */
export const membersAdded = (
  actor: string,
  users: { id: string; name: string }[],
): SystemReport => ({
  facts: { type: 'members_added', userIds: users.map(({ id }) => id) },
  text: `${actor} added ${listed(users.map(({ name }) => name))}`,
});

/** What the log says when somebody comes by an invite. */
export const memberJoined = (user: { id: string; name: string }): SystemReport => ({
  facts: { type: 'member_joined', userIds: [user.id] },
  text: `${user.name} joined`,
});

/** What the log says when somebody goes. */
export const memberLeft = (user: { id: string; name: string }): SystemReport => ({
  facts: { type: 'member_left', userIds: [user.id] },
  text: `${user.name} left`,
});

/** What the log says when somebody is removed. */
export const memberRemoved = (actor: string, user: { id: string; name: string }): SystemReport => ({
  facts: { type: 'member_removed', userIds: [user.id] },
  text: `${actor} removed ${user.name}`,
});

/** What the log says when a member's role changes. */
export const roleChanged = (
  actor: string,
  user: { id: string; name: string },
  role: string,
): SystemReport => ({
  facts: { type: 'role_changed', userIds: [user.id], role },
  text: `${actor} made ${user.name} ${role === 'member' ? 'a' : 'an'} ${role}`,
});

/** What the log says when name, description or picture change. */
export const chatChanged = (
  actor: string,
  changes: { name?: string; description?: string; picture?: string | null },
): SystemReport =>
  changes.name === undefined
    ? {
        facts: { type: 'chat_changed', fields: Object.keys(changes) },
        text: `${actor} changed the ${listed(Object.keys(changes))}`,
      }
    : {
        facts: { type: 'chat_renamed', name: changes.name },
        text: `${actor} changed the name to “${changes.name}”`,
      };

/** Writes what has happened to a group into its log, in words with people's names. */
export class GroupLog {
  constructor(
    private readonly system: SystemLog,
    private readonly directory: { cards(userIds: string[]): Promise<Map<string, UserCard>> },
  ) {}

  /**
   * Writes one report as a message by the actor.
   *
   * @param report gets the actor's name, and the cards of `userIds` that there are.
   */
  async post(
    actor: Actor,
    chatId: string,
    report: (actorName: string, users: UserCard[]) => SystemReport,
    userIds: string[] = [],
  ): Promise<void> {
    const cards = await this.directory.cards([actor.userId, ...userIds]);
    const users = userIds.flatMap((id) => cards.get(id) ?? []);
    const { facts, text } = report(cards.get(actor.userId)?.name ?? '', users);
    await this.system.post(actor.userId, chatId, facts, text, facts.type === 'group_created');
  }
}
