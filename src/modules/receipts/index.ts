import type { Publisher, Subscription } from '../../platform/event-bus.js';
import type { Logger } from '../../platform/logger.js';
import type { Clock } from '../../shared/clock.js';
import type {
  ChatAccess,
  ChatEvents,
  Contacts,
  MemberPositionsRepository,
} from '../chats/index.js';
import type { MessageEvents, MessageLog, MessagesRepository } from '../messages/index.js';
import type { ReceiptEvents } from './receipts.events.js';
import { DeliveryTracker, Receipts } from './receipts.js';
import { RecentMessages } from './recent-messages.js';

export type { PositionEvent, ReceiptEvents } from './receipts.events.js';
export type { DeliveryTracker, ReadPosition, Receipts, ReadTarget } from './receipts.js';

/** The sockets of this node. */
export interface LocalUsers {
  /** Of these users, those who are connected to this node. */
  connected(userIds: string[]): string[];
}

/** Builds the receipts module: read and delivered positions. */
export const createReceipts = ({
  access,
  contacts,
  positions,
  messages,
  log,
  bus,
  clock,
  logger,
  localUsers,
}: {
  access: ChatAccess;
  contacts: Pick<Contacts, 'blocksOf'>;
  positions: MemberPositionsRepository;
  messages: MessagesRepository;
  log: MessageLog;
  bus: Publisher<ReceiptEvents & Pick<ChatEvents, 'chat.settings_changed'>>;
  clock: Clock;
  logger: Logger;
  localUsers: LocalUsers;
}): {
  api: { receipts: Receipts; deliveries: DeliveryTracker };
  subscriptions: Subscription<Pick<MessageEvents, 'message.sent'>>[];
  /** Writes the collected deliveries. */
  close(): Promise<void>;
} => {
  const recent = new RecentMessages();
  const receipts = new Receipts({
    access,
    memberships: positions,
    messages,
    recent,
    log,
    bus,
    clock,
    contacts,
  });
  const deliveries = new DeliveryTracker(receipts, logger);
  return {
    api: { receipts, deliveries },
    subscriptions: [
      {
        event: 'message.sent',
        phase: 'state',
        on: 'every-node',
        does: 'remembers the message for those who read it next',
        run: ({ message }) => {
          recent.note(message.chatId, message);
        },
      },
      {
        event: 'message.sent',
        phase: 'effects',
        on: 'every-node',
        does: 'records the delivery to the members who are connected here',
        run: ({ message, memberIds }) => {
          for (const userId of localUsers.connected(memberIds ?? [])) {
            if (userId !== message.senderId) deliveries.record(message, userId);
          }
        },
      },
    ],
    close: () => deliveries.close(),
  };
};
