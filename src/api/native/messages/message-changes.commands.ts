import type { AnyCommand } from '../../../transport/socket/command.js';
import { command } from '../../../transport/socket/command.js';
import { presentDeletion, presentReaction } from './message-changes.shapes.js';
import {
  deleteSchema,
  editSchema,
  reactionSchema,
  deletionResponse,
  reactedResponse,
} from './message-changes.schemas.js';
import { presentMessage } from '../../shared/message.shapes.js';
import type { UseCases } from '../../shared/use-cases.js';
import { messageResponse } from '../../shared/message.schemas.js';

/** Native socket commands that change messages. */
export const messageChangeCommands = (useCases: UseCases): AnyCommand[] => [
  command({
    event: 'edit_message',
    dialect: 'native',
    summary: 'Change the text or the metadata of a message of mine',
    schema: editSchema(useCases.maxLength),
    answer: messageResponse,
    userLimit: 'changes',
    handle: async ({ actor }, payload) => {
      const { message, sender, status } = await useCases.messageChanges.edit(actor, payload);
      return { data: presentMessage(message, sender, status) };
    },
  }),
  command({
    event: 'delete_message',
    dialect: 'native',
    summary:
      'Delete a message: for everyone (mine, and with deleteForEveryone: true others’ for moderators), ' +
      'or for me',
    schema: deleteSchema,
    answer: deletionResponse,
    userLimit: 'changes',
    handle: async ({ actor }, { messageId, deleteForEveryone, chatId }) => {
      const changes = await useCases.messageChanges.delete(actor, {
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
      answer: reactedResponse,
      userLimit: 'changes',
      handle: async ({ actor }, payload) => ({
        data: presentReaction(
          await useCases.messageChanges.react(actor, action, payload),
          actor.userId,
        ),
      }),
    }),
  ),
];
