import type { Actor } from '../../shared/actor.js';
import { invalidInput, notFound } from '../../shared/errors.js';
import type { Metadata } from '../../shared/metadata.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import { paginate } from '../../shared/pagination.js';
import type { ServerCaller } from '../../shared/server-caller.js';
import type {
  ChatFilter,
  ChatList,
  ChatRecord,
  ChatRemoval,
  ChatsRepository,
  ChatSettings,
  ChatView,
  DirectChats,
  GroupChanges,
  Groups,
  Members,
  MemberView,
  NewGroup,
} from '../chats/index.js';
import type { AuditTrail } from '../users/index.js';
import { asSystem } from './acting.js';

/** The chat of two people. */
export interface NewDirectChat {
  kind: 'direct';
  userIds: [string, string];
  externalId?: string | undefined;
  metadata?: Metadata | undefined;
}

/** A group or room; without `ownerId`, a group's first member owns it, and nobody owns a room. */
export type NewServerGroup = Omit<NewGroup, 'clientChatId'> & { ownerId?: string | undefined };

/** A chat that a server makes. */
export type NewServerChat = NewDirectChat | NewServerGroup;

/** What servers do with chats. They decide for their users: nobody is asked, and blocks do not count. */
export class ServerChats {
  constructor(
    private readonly deps: {
      chats: ChatsRepository;
      directChats: DirectChats;
      groups: Groups;
      members: Members;
      settings: ChatSettings;
      list: ChatList;
      removal: ChatRemoval;
      /** Removes all messages of a chat. */
      eraseMessages(chatId: string): Promise<void>;
      directory: { exists(userId: string): Promise<boolean> };
      audit: Pick<AuditTrail, 'during'>;
    },
  ) {}

  /**
   * Makes a chat with its members; a direct chat that exists is answered, open, as it is. Under an `Idempotency-Key`,
   * or an `externalId`, it is made once, also across a crash.
   *
   * @throws {AppError} NOT_FOUND for an unknown user, CONFLICT for an `externalId` or a room's name that is taken.
   */
  async create(
    caller: ServerCaller,
    chat: NewServerChat,
  ): Promise<{ view: ChatView; created: boolean }> {
    const made =
      chat.kind === 'direct' ? await this.direct(caller, chat) : await this.group(caller, chat);
    return { view: await this.view(caller, made.chat), created: made.created };
  }

  /** @throws {AppError} NOT_FOUND */
  async one(caller: ServerCaller, chatId: string): Promise<ChatView> {
    return this.deps.list.detail(asSystem(caller), chatId);
  }

  /** A page of the chats that fit, last made first. */
  async page(
    caller: ServerCaller,
    filter: ChatFilter,
    page: PageQuery,
  ): Promise<{ views: ChatView[]; pagination: Pagination }> {
    const { chats, total } = await this.deps.chats.page(filter, page);
    const views = await this.deps.list.overseen(asSystem(caller), chats);
    return { views, pagination: paginate(page, total) };
  }

  /**
   * Changes name, description, picture or metadata; of a direct chat the metadata alone.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN, VALIDATION.
   */
  async update(caller: ServerCaller, chatId: string, changes: GroupChanges): Promise<ChatView> {
    await this.deps.groups.update(asSystem(caller), chatId, changes);
    return this.one(caller, chatId);
  }

  /**
   * Adds users to a group or room; answers which of them were no members yet.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for a direct chat.
   */
  async addMembers(caller: ServerCaller, chatId: string, userIds: string[]): Promise<string[]> {
    return (await this.deps.members.add(asSystem(caller), chatId, userIds)).added;
  }

  /**
   * Removes a member; a group whose last owner goes gets another one.
   *
   * @throws {AppError} NOT_FOUND, FORBIDDEN for a direct chat.
   */
  removeMember(caller: ServerCaller, chatId: string, userId: string): Promise<void> {
    return this.deps.members.remove(asSystem(caller), chatId, userId);
  }

  /**
   * A page of the members, with the data that each has about the chat.
   *
   * @throws {AppError} NOT_FOUND
   */
  membersOf(
    caller: ServerCaller,
    chatId: string,
    page: PageQuery,
  ): Promise<{ members: MemberView[]; pagination: Pagination }> {
    return this.deps.members.list(asSystem(caller), chatId, page);
  }

  /**
   * Sets the data that a member has about the chat.
   *
   * @throws {AppError} NOT_FOUND for somebody who is no member.
   */
  async setMemberMetadata(
    caller: ServerCaller,
    chatId: string,
    userId: string,
    metadata: Metadata | null,
  ): Promise<void> {
    await this.deps.settings.change(userOf(caller, userId), chatId, { metadata });
  }

  /**
   * Removes a chat with its memberships and messages, for everybody and for good.
   *
   * @throws {AppError} NOT_FOUND
   */
  async remove(caller: ServerCaller, chatId: string): Promise<void> {
    const { audit, eraseMessages, removal } = this.deps;
    await audit.during(asSystem(caller), { action: 'server.delete_chat', subject: chatId }, () =>
      removal.remove(chatId, eraseMessages),
    );
  }

  private async direct(
    caller: ServerCaller,
    { userIds: [initiator, other], externalId, metadata }: NewDirectChat,
  ): Promise<{ chat: ChatRecord; created: boolean }> {
    const { directChats } = this.deps;
    await this.requireUser(initiator);
    const made = await directChats.getOrCreate(userOf(caller, initiator), other, 'force');
    const chat = await directChats.describe(made.chat, { externalId, metadata });
    return { chat, created: made.created };
  }

  private async group(
    caller: ServerCaller,
    { ownerId, ...group }: NewServerGroup,
  ): Promise<{ chat: ChatRecord; created: boolean }> {
    const owner = ownerId ?? (group.kind === 'group' ? group.memberIds?.[0] : undefined);
    if (owner === undefined && group.kind === 'group') {
      throw invalidInput('memberIds', 'at least one, or an ownerId');
    }
    if (owner !== undefined) await this.requireUser(owner);
    const { chat, isReplay } = await this.deps.groups.create(
      owner === undefined ? asSystem(caller) : userOf(caller, owner),
      { ...group, ...(caller.onceId !== undefined && { clientChatId: caller.onceId }) },
    );
    return { chat, created: !isReplay };
  }

  private async requireUser(userId: string): Promise<void> {
    if (!(await this.deps.directory.exists(userId))) throw notFound('User');
  }

  private async view(caller: ServerCaller, chat: ChatRecord): Promise<ChatView> {
    return this.deps.list.detail(asSystem(caller), chat._id.toHexString());
  }
}

/** The user whose chat or membership the server makes: that user is its owner, or initiator, and does nothing. */
const userOf = ({ keyId }: ServerCaller, userId: string): Actor => ({
  userId,
  role: 'user',
  sessionId: '',
  server: { keyId, as: 'user' },
});
