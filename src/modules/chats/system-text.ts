import type { Actor } from '../../shared/actor.js';
import type { UserCard } from '../users/index.js';

/** A reported event: its kind, such as `members_added`, and its facts. */
export interface SystemFacts {
  type: string;
  [fact: string]: unknown;
}

/** Writes system messages into a chat's log; the log belongs to a later module. */
export interface SystemLog {
  /**
   * Writes one message by `actorId`. It checks no rights: the reported change has already been made.
   *
   * @param text the report in English, for clients that know nothing of `facts`.
   * @param isOnce whether it can happen to a chat only once: a repeated report writes nothing.
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

/** The report that a group was made. */
export const groupCreated = (actor: string, name: string): SystemReport => ({
  facts: { type: 'group_created', name },
  text: `${actor} created “${name}”`,
});

/** The report that somebody has added others. */
export const membersAdded = (
  actor: string,
  users: { id: string; name: string }[],
): SystemReport => ({
  facts: { type: 'members_added', userIds: users.map(({ id }) => id) },
  text: `${actor} added ${listed(users.map(({ name }) => name))}`,
});

/** The report that somebody has joined by an invite. */
export const memberJoined = (user: { id: string; name: string }): SystemReport => ({
  facts: { type: 'member_joined', userIds: [user.id] },
  text: `${user.name} joined`,
});

/** The report that somebody has left. */
export const memberLeft = (user: { id: string; name: string }): SystemReport => ({
  facts: { type: 'member_left', userIds: [user.id] },
  text: `${user.name} left`,
});

/** The report that somebody was removed. */
export const memberRemoved = (actor: string, user: { id: string; name: string }): SystemReport => ({
  facts: { type: 'member_removed', userIds: [user.id] },
  text: `${actor} removed ${user.name}`,
});

/** The report that a member's role has changed. */
export const roleChanged = (
  actor: string,
  user: { id: string; name: string },
  role: string,
): SystemReport => ({
  facts: { type: 'role_changed', userIds: [user.id], role },
  text: `${actor} made ${user.name} ${/^[ao]/.test(role) ? 'an' : 'a'} ${role}`,
});

/** What fields of a chat are called in a report, where it is not their own name. */
const NAMES: Record<string, string> = {
  slowModeSeconds: 'slow mode',
  onlyModeratorsPost: 'rights to post',
  joinMode: 'way to join',
};

/** The report that name, description, picture or modes have changed. */
export const chatChanged = (
  actor: string,
  changes: { name?: string; description?: string; picture?: string | null },
): SystemReport =>
  changes.name === undefined
    ? {
        facts: { type: 'chat_changed', fields: Object.keys(changes) },
        text: `${actor} changed the ${listed(Object.keys(changes).map((field) => NAMES[field] ?? field))}`,
      }
    : {
        facts: { type: 'chat_renamed', name: changes.name },
        text: `${actor} changed the name to “${changes.name}”`,
      };

/** Writes reports of a group's changes into its log, in English with people's names. */
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
