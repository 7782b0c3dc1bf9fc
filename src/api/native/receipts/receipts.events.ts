import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { ReceiptEvents } from '../../../modules/receipts/index.js';

/** The events about receipts that native clients receive. */
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
