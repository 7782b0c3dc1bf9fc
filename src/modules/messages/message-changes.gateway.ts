import type { AnyCommand } from '../../realtime/command.js';
import { command } from '../../realtime/command.js';
import type { Emission, RenderingTable } from '../../realtime/rendering.js';
import { rooms } from '../../realtime/rooms.js';
import type { DeleteMessage } from './delete-message.service.js';
import type { EditMessage } from './edit-message.service.js';
import { presentDeletion, presentReaction } from './message-changes.presenter.js';
import { deleteSchema, editSchema, reactionSchema } from './message-changes.schemas.js';
import type { MessageChangeEvent, MessageEvents } from './messages.events.js';
import { presentMessage } from './messages.presenter.js';
import type { React } from './react.service.js';

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

/**
 * A changed message for everybody in its chat who still has it, with what changed beside it. To the others
 * it must not come back; their devices learn of the change's number from the next sync.
 */
const toAll = (
  event: string,
  { message, sender, status, audience: { withoutIds } }: MessageChangeEvent,
  facts: Record<string, unknown> = {},
): Emission[] => [
  {
    audience: { room: rooms.chat(message.chatId), except: withoutIds.map(rooms.user) },
    event,
    payload: { ...presentMessage(message, sender, status), messageId: message.id, ...facts },
  },
];

/**
 * How native clients hear of changes: all devices of all members who still have the message, whether or not
 * they look at the chat. A deletion "for me" is told to the devices of that user alone.
 */
export const messageChangeRenderings: RenderingTable<MessageEvents> = {
  dialect: 'native',
  renderings: {
    'message.edited': (event) => toAll('message_edited', event),
    'message.deleted': (event) =>
      toAll('message_deleted', event, { deletedBy: event.actorId, deleteForEveryone: true }),
    'message.hidden': ({ chatId, messageIds, userId }) =>
      messageIds.map((messageId) => ({
        audience: { room: rooms.user(userId) },
        event: 'message_deleted',
        payload: { chatId, messageId, deleteForEveryone: false },
      })),
    'reaction.added': (event) =>
      toAll('reaction_added', event, { userId: event.userId, emoji: event.emoji }),
    'reaction.removed': (event) =>
      toAll('reaction_removed', event, { userId: event.userId, emoji: event.emoji }),
    'message.pinned': (event) => toAll('message_pinned', event, { userId: event.actorId }),
    'message.unpinned': (event) => toAll('message_unpinned', event, { userId: event.actorId }),
  },
};
