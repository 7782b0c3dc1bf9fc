import type { Publisher } from '../../../platform/event-bus.js';
import { objectId } from '../../../platform/object-id.js';
import { audiences } from '../../../shared/audience.js';
import type { ChatAccess } from '../../chats/index.js';
import type { UserCard } from '../../users/index.js';
import type { MessageRecord } from '../message.record.js';
import { toRecord } from '../message.record.js';
import type { MessageEvents } from '../messages.events.js';
import type { ChatPreviews } from './chat-previews.js';
import type { MessageLog } from './message-log.js';

/** What a system message reports: its kind, such as `members_added`, and the facts of it. */
export interface SystemFacts {
  type: string;
  [fact: string]: unknown;
}

/**
 * Writes what has happened to a chat into its log, as a message by the one who did it. Nobody has it
 * unread, and nobody can edit it.
 */
export class SystemMessages {
  constructor(
    private readonly deps: {
      log: MessageLog;
      previews: ChatPreviews;
      access: Pick<ChatAccess, 'snapshot'>;
      bus: Publisher<MessageEvents>;
      directory: { card(userId: string): Promise<UserCard | undefined> };
    },
  ) {}

  /**
   * Writes one message. No right is checked: what it reports has already been done.
   *
   * @param text the report in English, for clients that know nothing of `facts`.
   * @param isOnce whether it can happen to a chat once only: reported again, nothing is written.
   */
  async post(
    actorId: string,
    chatId: string,
    facts: SystemFacts,
    text: string,
    isOnce = false,
  ): Promise<MessageRecord | undefined> {
    const { access, bus, directory, previews, log } = this.deps;
    const [chat, sender] = await Promise.all([access.snapshot(chatId), directory.card(actorId)]);
    if (!chat || !sender) return undefined;
    const { message: doc, isReplay } = await log.append(chatId, {
      senderId: objectId(actorId),
      messageType: 'system',
      content: text,
      media: [],
      mentions: [],
      reactions: [],
      system: facts,
      ...(isOnce && { clientMessageId: `system:${facts.type}`, fingerprint: facts.type }),
    });
    const message = toRecord(doc);
    if (isReplay) return message;
    previews.record(doc);
    const memberIds = chat.members && [...chat.members.keys()];
    const audience = audiences.chat(chatId);
    bus.emit(
      'message.sent',
      { message, sender, status: 'sent', memberIds, audience },
      { scope: 'cluster' },
    );
    return message;
  }
}
