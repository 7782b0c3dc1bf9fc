import type { Actor } from '../../shared/actor.js';
import type { SystemMessages } from '../messages/index.js';
import type { UserCard } from '../users/index.js';
import type { SystemReport } from './system-text.js';

/** Writes what has happened to a group into its log, in words with people's names. */
export class SystemNotes {
  constructor(
    private readonly messages: SystemMessages,
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
    await this.messages.post(actor.userId, chatId, facts, text, facts.type === 'group_created');
  }
}
