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

/** A reported event: its kind, such as `members_added`, and its facts. */
export interface SystemFacts {
  type: string;
  [fact: string]: unknown;
}

/**
 * Writes reports of a chat's changes into its log, as messages by the user who made the change. They are
 * unread for nobody, and nobody can edit them.
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
   * Writes one message. It checks no rights: the reported change has already been made.
   *
   * @param text the report in English, for clients that know nothing of `facts`.
   * @param isOnce whether it can happen to a chat only once: a repeated report writes nothing.
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
