import { trusted } from 'mongoose';
import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { ChatDoc } from './index.js';
import type { GroupAccess } from './group-access.js';
import type { MembershipChanges } from './membership-changes.js';
import type { SystemNotes } from './system-notes.js';
import { groupCreated } from './system-text.js';

/** What the making of groups is built from. */
export interface GroupMakingParts {
  chats: Model<ChatDoc>;
  access: GroupAccess;
  roster: MembershipChanges;
  reports: SystemNotes;
}

/**
 * Brings the first people into a new group or room. What is left to do stands in the chat from its first
 * write on, so that a retry can finish what broke off at any point, and stays there while anybody is at it:
 * whoever leaves or is removed meanwhile is taken off the list first, and is not brought back by somebody
 * who has read it before.
 */
export class GroupMaking {
  constructor(private readonly parts: GroupMakingParts) {}

  /** Brings the maker and the others in; doing it again changes nothing. */
  async bringIn(maker: Actor, chat: ChatDoc, others: string[]): Promise<void> {
    const { reports, roster } = this.parts;
    const chatId = chat._id.toHexString();
    const stillWanted = (userIds: string[]) => this.listed(chat, userIds);
    await roster.add(chatId, [maker.userId], maker.userId, 'owner', stillWanted);
    await roster.add(chatId, others, maker.userId, 'member', stillWanted);
    if (chat.kind === 'group') {
      await reports.post(maker, chatId, (name) => groupCreated(name, chat.name ?? ''));
    }
    if (chat.making) await this.conclude(chat);
  }

  /**
   * Finishes what an earlier attempt has begun, unless nothing is left to do or the maker has gone. Of those
   * who were asked for at first, the ones come in whom the maker may still add.
   */
  async resume(maker: Actor, { _id }: ChatDoc): Promise<void> {
    const me = objectId(maker.userId);
    const chat = await this.parts.chats
      .findOneAndUpdate(
        { _id, 'making.isDone': false, 'making.memberIds': me },
        { $inc: { 'making.attempts': 1 } },
        { returnDocument: 'after' },
      )
      .lean();
    if (!chat?.making) return;
    const others = chat.making.memberIds.filter((id) => !id.equals(me));
    const userIds = others.map((id) => id.toHexString());
    await this.bringIn(maker, chat, await this.parts.access.addable(maker, userIds));
  }

  /** Those who have not gone since the list was made. */
  private async listed(chat: ChatDoc, userIds: string[]): Promise<string[]> {
    if (!chat.making) return userIds;
    const { making } = (await this.parts.chats.findById(chat._id, { making: 1 }).lean()) ?? {};
    if (!making) return userIds;
    const listed = new Set(making.memberIds.map((id) => id.toHexString()));
    return userIds.filter((id) => listed.has(id));
  }

  /** The list goes with the last who is at it. */
  private async conclude({ _id }: ChatDoc): Promise<void> {
    const { chats } = this.parts;
    const forget = (attempts: number) =>
      chats.updateOne({ _id, 'making.attempts': attempts }, { $unset: { making: 1 } });
    if ((await forget(1)).matchedCount === 1) return;
    await chats.updateOne(
      { _id, making: trusted({ $exists: true }) },
      { $set: { 'making.isDone': true }, $inc: { 'making.attempts': -1 } },
    );
    await forget(0);
  }
}
