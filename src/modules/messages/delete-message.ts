import type { Publisher } from '../../platform/event-bus.js';
import { objectId } from '../../platform/object-id.js';
import { audiences } from '../../shared/audience.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import { forPolicy, isHiddenFor, isTombstone } from './message-reader.js';
import type { MemberMessage, MessageReader } from './message-reader.js';
import type { Changed, MessageChange } from './message-change.js';
import type { MessageEvents } from './messages.events.js';
import type { AttachmentClaims } from './send-message.types.js';
import { refusalToDeleteForEveryone } from './messages.policy.js';

/** What deleting is built from. */
export interface DeleteMessageParts {
  access: MessageReader;
  change: MessageChange;
  bus: Publisher<MessageEvents>;
  attachments: Pick<AttachmentClaims, 'release'>;
  clock: Clock;
}

/** Which messages to delete, and for whom. */
export interface DeleteTarget {
  messageIds: string[];
  /** For everyone (the default), or for the actor alone. */
  deleteForEveryone?: boolean | undefined;
  /** When given, the messages must be of this chat. */
  chatId?: string | undefined;
}

/** Deletes messages: for everyone, which leaves tombstones, or for the actor alone. */
export class DeleteMessage {
  constructor(private readonly parts: DeleteMessageParts) {}

  /**
   * Deletes messages. All are checked before the first is deleted; deleting one twice changes nothing.
   *
   * @throws {AppError} NOT_FOUND, or FORBIDDEN for others' messages where it is for everyone.
   */
  async delete(actor: Actor, target: DeleteTarget): Promise<Changed[]> {
    const ids = [...new Set(target.messageIds)];
    const found = await Promise.all(
      ids.map((id) => this.parts.access.ofMember(actor, id, target.chatId)),
    );
    if (target.deleteForEveryone === false) return this.forMe(actor, found);
    for (const { doc } of found) {
      const refusal = refusalToDeleteForEveryone(forPolicy(doc), actor.userId);
      if (refusal) throw refusal;
    }
    return Promise.all(found.map((message) => this.forEveryone(actor, message)));
  }

  /** What was said is gone from the database, too; number, sender and times stay. */
  private async forEveryone(actor: Actor, found: MemberMessage): Promise<Changed> {
    // First, so that no crash in between leaves a file that nobody looks after.
    await this.parts.attachments.release(found.doc.media);
    const result = await this.parts.change.apply(found, (current) => {
      if (isTombstone(current)) return undefined;
      return {
        $set: {
          content: '',
          media: [],
          mentions: [],
          reactions: [],
          deletedAt: new Date(this.parts.clock.now()),
          deletedBy: objectId(actor.userId),
          uncounted: true,
        },
        $unset: { edits: 1, editedAt: 1, pinnedAt: 1, pinnedBy: 1, forwardedFrom: 1 },
      };
    });
    const { changed, ...event } = result;
    if (changed) {
      this.parts.bus.emit(
        'message.deleted',
        { ...event, actorId: actor.userId },
        { scope: 'cluster' },
      );
    }
    return result;
  }

  private async forMe(actor: Actor, found: MemberMessage[]): Promise<Changed[]> {
    const results = await Promise.all(
      found.map((message) =>
        this.parts.change.apply(message, (current) =>
          isHiddenFor(current, actor.userId)
            ? undefined
            : { $addToSet: { deletedFor: objectId(actor.userId) } },
        ),
      ),
    );
    const hidden = new Map<string, string[]>();
    for (const { message, changed } of results) {
      if (changed) hidden.set(message.chatId, [...(hidden.get(message.chatId) ?? []), message.id]);
    }
    for (const [chatId, messageIds] of hidden) {
      this.parts.bus.emit(
        'message.hidden',
        { chatId, messageIds, userId: actor.userId, audience: audiences.users([actor.userId]) },
        { scope: 'cluster' },
      );
    }
    return results;
  }
}
