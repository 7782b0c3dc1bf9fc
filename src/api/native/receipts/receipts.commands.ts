import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { ReceiptEvents } from '../../../modules/receipts/receipts.events.js';
import type { Receipts } from '../../../modules/receipts/receipts.js';
import { markAsReadSchema } from './receipts.schemas.js';

/** Native socket commands of receipts. */
export const receiptCommands = (receipts: Receipts): AnyCommand[] => [
  command({
    event: 'mark_as_read',
    dialect: 'native',
    summary: 'Read messages by id, up to a number, or all',
    schema: markAsReadSchema,
    userLimit: 'marks',
    handle: async ({ actor }, { chatId, ...target }) => ({
      data: await receipts.markRead(actor, chatId, target),
    }),
  }),
];

/** How native clients hear of receipts. */
export const receiptRenderings: RenderingTable<ReceiptEvents> = {
  dialect: 'native',
  renderings: {
    'messages.read': renders(['messages_read'], ({ chatId, userId, seq, messageIds, at }) => [
      {
        event: 'messages_read',
        payload: { chatId, readBy: userId, seq, messageIds, readAt: at },
      },
    ]),
    'messages.delivered': renders(
      ['messages_delivered'],
      ({ chatId, userId, seq, messageIds, at }) => [
        {
          event: 'messages_delivered',
          payload: { chatId, deliveredTo: userId, seq, messageIds, deliveredAt: at },
        },
      ],
    ),
  },
};
