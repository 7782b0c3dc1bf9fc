import { isDuplicateKey } from '../../platform/driver-error.js';
import type { Publisher } from '../../platform/event-bus.js';
import { equalText } from '../../platform/typed-index.js';
import { objectId } from '../../platform/object-id.js';
import type { RateLimiter } from '../../platform/rate-limiter.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { AppError, notFound } from '../../shared/errors.js';
import type { AccessModels, ChatDoc, ChatEvents } from './index.js';
import { chatFacts } from './index.js';
import type { GroupAccess } from './group-access.js';
import type { GroupMaking } from './group-making.js';
import { refusalToManage } from './groups.policy.js';
import { invalidRoomName, roomSlug } from './room-slug.js';
import type { SystemNotes } from './system-notes.js';
import { chatChanged } from './system-text.js';

/** A group or room to be made. */
export interface NewGroup {
  kind: 'group' | 'room';
  name: string;
  /** Made by the client: trying again under it does not make another one. */
  clientChatId?: string;
  /** A room's name in addresses; made of the name when left out. */
  slug?: string;
  description?: string;
  picture?: string | null;
  memberIds?: string[];
}

/** Changes to how a group or room looks; what is left out stays. */
export interface GroupChanges {
  name?: string;
  description?: string;
  picture?: string | null;
}

/** What groups are built from. */
export interface GroupsServiceParts {
  models: AccessModels;
  access: GroupAccess;
  making: GroupMaking;
  reports: SystemNotes;
  bus: Publisher<ChatEvents>;
  newConversations: RateLimiter;
  /** Whether clients may be shown a picture from this URL. */
  isAllowedPictureUrl(url: string): boolean;
  clock: Clock;
}

/** Makes groups and rooms, and changes how they look. */
export class Groups {
  constructor(private readonly parts: GroupsServiceParts) {}

  /**
   * Makes a private group or a public room; its maker is its owner. A retry under the same
   * `clientChatId` finds what was made: where an attempt broke off it brings in those who were asked for at
   * first, and otherwise changes nothing.
   *
   * @throws {AppError} NOT_FOUND, BLOCKED or FORBIDDEN for somebody who cannot be added, CONFLICT when
   *   the room's name is taken or the client's id stands for another chat, VALIDATION, RATE_LIMITED.
   */
  async create(actor: Actor, group: NewGroup): Promise<{ chat: ChatDoc; isReplay: boolean }> {
    const { access, bus, making, newConversations } = this.parts;
    const earlier = await this.madeBefore(actor, group);
    if (earlier) return this.replay(actor, earlier);
    const others = [...new Set(group.memberIds ?? [])].filter((id) => id !== actor.userId);
    this.assertPicture(group.picture);
    const slug = group.kind === 'room' ? slugOf(group) : undefined;
    await access.assertCanAdd(actor, others);
    await newConversations.consume(actor.userId);
    const { chat, isReplay } = await this.insert(actor, group, slug, others);
    if (isReplay) return this.replay(actor, chat);
    bus.emit(
      'chat.created',
      { chat: chatFacts(chat), memberIds: [], audience: audiences.users([]) },
      { scope: 'cluster' },
    );
    await making.bringIn(actor, chat, others);
    return { chat, isReplay };
  }

  private async replay(actor: Actor, chat: ChatDoc): Promise<{ chat: ChatDoc; isReplay: boolean }> {
    await this.parts.making.resume(actor, chat);
    return { chat, isReplay: true };
  }

  private async insert(
    actor: Actor,
    group: NewGroup,
    slug: string | undefined,
    others: string[],
  ): Promise<{ chat: ChatDoc; isReplay: boolean }> {
    const { clientChatId, description, kind, name, picture } = group;
    try {
      const created = await this.parts.models.chats.create({
        kind,
        status: 'accepted',
        initiator: objectId(actor.userId),
        name,
        ...(clientChatId !== undefined && {
          clientChatId,
          making: {
            memberIds: [actor.userId, ...others].map(objectId),
            attempts: 1,
            isDone: false,
          },
        }),
        ...(slug !== undefined && { slug }),
        ...(description !== undefined && { description }),
        ...(picture && { picture }),
        lastMessageAt: new Date(this.parts.clock.now()),
      });
      return { chat: created.toObject(), isReplay: false };
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // The same request at the same moment, or else the name is taken.
      const twin = await this.madeBefore(actor, group);
      if (!twin) throw nameTaken();
      return { chat: twin, isReplay: true };
    }
  }

  private async madeBefore(actor: Actor, group: NewGroup): Promise<ChatDoc | undefined> {
    const { clientChatId, kind, name } = group;
    if (clientChatId === undefined) return undefined;
    const chat = await this.parts.models.chats
      .findOne({ initiator: objectId(actor.userId), clientChatId: equalText(clientChatId) })
      .lean();
    // Its name may have changed since; what it is cannot.
    if (chat && chat.kind !== kind) throw clientChatIdReused(name);
    return chat ?? undefined;
  }

  /**
   * Changes name, description or picture.
   *
   * @throws {AppError} NOT_FOUND for non-members, FORBIDDEN for plain members and in direct chats.
   */
  async update(actor: Actor, chatId: string, changes: GroupChanges): Promise<void> {
    const { access, bus, models, reports } = this.parts;
    const refusal = refusalToManage(await access.chatRole(actor, chatId));
    if (refusal) throw refusal;
    this.assertPicture(changes.picture);
    const chat = await models.chats
      .findOneAndUpdate({ _id: objectId(chatId) }, { $set: changes }, { returnDocument: 'after' })
      .lean();
    if (!chat) throw notFound('Chat');
    bus.emit(
      'chat.updated',
      { chat: chatFacts(chat), audience: audiences.chat(chatId) },
      { scope: 'cluster' },
    );
    await reports.post(actor, chatId, (name) => chatChanged(name, changes));
  }

  private assertPicture(picture: string | null | undefined): void {
    if (picture == null || this.parts.isAllowedPictureUrl(picture)) return;
    throw new AppError('VALIDATION', 'Pictures from this address are not allowed', {
      errors: [{ path: 'picture', message: 'is not allowed' }],
    });
  }
}

const slugOf = ({ slug, name }: NewGroup): string => {
  const made = roomSlug(slug ?? name);
  if (made === undefined) throw invalidRoomName(slug === undefined ? 'name' : 'slug');
  return made;
};

const clientChatIdReused = (name: string): AppError =>
  new AppError('CONFLICT', `This clientChatId was already used for something else than ${name}`);

const nameTaken = (): AppError => new AppError('CONFLICT', 'There is a room of this name already');
