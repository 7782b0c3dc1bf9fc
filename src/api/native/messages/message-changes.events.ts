import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { MessageEvent, MessageEvents } from '../../../modules/messages/index.js';
import { presentMessage } from '../../shared/message.shapes.js';

/** A changed message, and the fields of the change. */
const changed = <Name extends string>(
  event: Name,
  { message, sender, status }: MessageEvent,
  facts: Record<string, unknown> = {},
) => [
  {
    event,
    payload: { ...presentMessage(message, sender, status), messageId: message.id, ...facts },
  },
];

/** The events about changes that native clients receive, whether or not they have the chat open. */
export const messageChangeRenderings: RenderingTable<MessageEvents> = {
  dialect: 'native',
  renderings: {
    'message.edited': renders(['message_edited'], (event) => changed('message_edited', event)),
    'message.deleted': renders(['message_deleted'], (event) =>
      changed('message_deleted', event, { deletedBy: event.actorId, deleteForEveryone: true }),
    ),
    'message.hidden': renders(['message_deleted'], ({ chatId, messageIds }) =>
      messageIds.map((messageId) => ({
        event: 'message_deleted',
        payload: { chatId, messageId, deleteForEveryone: false },
      })),
    ),
    'message.held': renders(['message_held'], (event) => changed('message_held', event)),
    'message.unheld': renders(
      ['message_unheld'],
      ({ chatId, messageId, clientMessageId, outcome }) => [
        { event: 'message_unheld', payload: { chatId, messageId, clientMessageId, outcome } },
      ],
    ),
    'reaction.added': renders(['reaction_added'], (event) =>
      changed('reaction_added', event, { userId: event.userId, emoji: event.emoji }),
    ),
    'reaction.removed': renders(['reaction_removed'], (event) =>
      changed('reaction_removed', event, { userId: event.userId, emoji: event.emoji }),
    ),
    'message.pinned': renders(['message_pinned'], (event) =>
      changed('message_pinned', event, { userId: event.actorId }),
    ),
    'message.unpinned': renders(['message_unpinned'], (event) =>
      changed('message_unpinned', event, { userId: event.actorId }),
    ),
  },
};
