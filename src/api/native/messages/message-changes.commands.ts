import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import type { RenderingTable } from '../../../transport/socket/rendering.js';
import { renders } from '../../../transport/socket/rendering.js';
import type { DeleteMessage } from '../../../modules/messages/delete-message.js';
import type { EditMessage } from '../../../modules/messages/edit-message.js';
import { presentDeletion, presentReaction } from './message-changes.shapes.js';
import { deleteSchema, editSchema, reactionSchema } from './message-changes.schemas.js';
import type { MessageEvent, MessageEvents } from '../../../modules/messages/messages.events.js';
import { presentMessage } from './messages.shapes.js';
import type { React } from '../../../modules/messages/react.js';

/** The use cases that change messages. */
export interface MessageChangeCommandParts {
  edit: EditMessage;
  remove: DeleteMessage;
  react: React;
  /** Longest text of a message in characters. */
  maxLength: number;
}

/** Native socket commands that change messages. */
export const messageChangeCommands = (parts: MessageChangeCommandParts): AnyCommand[] => [
  command({
    event: 'edit_message',
    dialect: 'native',
    summary: 'Change the text of a message of mine',
    schema: editSchema(parts.maxLength),
    userLimit: 'changes',
    handle: async ({ actor }, payload) => {
      const { message, sender, status } = await parts.edit.edit(actor, payload);
      return { data: presentMessage(message, sender, status) };
    },
  }),
  command({
    event: 'delete_message',
    dialect: 'native',
    summary: 'Delete a message: for everyone (mine only), or for me',
    schema: deleteSchema,
    userLimit: 'changes',
    handle: async ({ actor }, { messageId, deleteForEveryone, chatId }) => {
      const changes = await parts.remove.delete(actor, {
        messageIds: [messageId],
        deleteForEveryone,
        chatId,
      });
      return { data: presentDeletion(changes[0]!.message, deleteForEveryone ?? true) };
    },
  }),
  ...(['add', 'remove'] as const).map((action) =>
    command({
      event: `${action}_reaction`,
      dialect: 'native',
      summary: action === 'add' ? 'React to a message' : 'Take a reaction back',
      schema: reactionSchema,
      userLimit: 'changes',
      handle: async ({ actor }, payload) => ({
        data: presentReaction(await parts.react.react(actor, action, payload), actor.userId),
      }),
    }),
  ),
];

/** A changed message, with what changed beside it. */
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

/** How native clients hear of changes, whether or not they look at the chat. */
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
