import type { ServerCaller } from '../../shared/server-caller.js';
import type { Pagination } from '../../shared/pagination.js';
import type { ChatAccess } from '../chats/index.js';
import type {
  Changed,
  EditInput,
  HistoryQuery,
  MessageChanges,
  MessageHistory,
  MessageView,
  SendInput,
  SendMessage,
  Sent,
} from '../messages/index.js';
import type { MetadataSearch, MetadataSearchQuery, SearchResult } from '../search/index.js';
import type { ActingForUsers, ActingRecords } from './acting.js';
import { asSystem } from './acting.js';

/** What servers do with messages, as the system or in the name of a user. */
export class ServerMessages {
  constructor(
    private readonly deps: {
      acting: ActingForUsers;
      records: ActingRecords;
      access: Pick<ChatAccess, 'system'>;
      sending: SendMessage;
      changes: MessageChanges;
      history: MessageHistory;
      search: MetadataSearch;
    },
  ) {}

  /**
   * Sends a message as the system, or in the name of `senderId`, who must be in the chat. Under an `Idempotency-Key`
   * it is sent once, also across a crash: the key takes the place of a `clientMessageId`.
   *
   * @throws {AppError} SCOPE_MISSING, and what {@link SendMessage.send} throws.
   */
  async send(
    caller: ServerCaller,
    { senderId, ...message }: SendInput & { senderId?: string | undefined },
  ): Promise<Sent> {
    const actor = await this.deps.acting.actorFor(caller, senderId);
    const clientMessageId = message.clientMessageId ?? caller.onceId;
    return this.deps.sending.send(actor, { ...message, clientMessageId });
  }

  /**
   * A page of any chat's messages.
   *
   * @throws {AppError} NOT_FOUND
   */
  async list(
    caller: ServerCaller,
    chatId: string,
    query: HistoryQuery,
  ): Promise<{ views: MessageView[]; pagination: Pagination }> {
    await this.deps.access.system(chatId);
    await this.deps.records.note(caller, 'server.read_messages', chatId);
    return this.deps.history.list(asSystem(caller), chatId, query);
  }

  /**
   * One message of any chat.
   *
   * @throws {AppError} NOT_FOUND
   */
  async one(caller: ServerCaller, messageId: string): Promise<MessageView> {
    const view = await this.deps.history.one(asSystem(caller), messageId);
    await this.deps.records.note(caller, 'server.read_messages', view.message.chatId);
    return view;
  }

  /** Messages of all chats by the values of their metadata, newest first. */
  async find(caller: ServerCaller, query: MetadataSearchQuery): Promise<SearchResult> {
    await this.deps.records.note(caller, 'server.search_messages', caller.keyId);
    return this.deps.search.find(asSystem(caller), query);
  }

  /**
   * Changes a message of the system's, or of `senderId`'s in their name; it may be of any age.
   *
   * @throws {AppError} SCOPE_MISSING, and what {@link MessageChanges.edit} throws.
   */
  async edit(
    caller: ServerCaller,
    { senderId, ...input }: EditInput & { senderId?: string | undefined },
  ): Promise<Changed> {
    const actor = await this.deps.acting.actorFor(caller, senderId);
    return this.deps.changes.edit(actor, input);
  }

  /**
   * Deletes a message of anybody's for everyone.
   *
   * @throws {AppError} NOT_FOUND
   */
  async remove(caller: ServerCaller, messageId: string): Promise<Changed> {
    const [deleted] = await this.deps.changes.delete(asSystem(caller), { messageIds: [messageId] });
    return deleted!;
  }
}
