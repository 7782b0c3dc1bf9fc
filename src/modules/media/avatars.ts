import type { Model } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import type { UserRecord, Profiles } from '../users/index.js';
import type { IncomingFile } from './incoming-file.js';
import type { MediaLinks } from './media-links.js';
import type { MediaDoc } from './media.model.js';
import type { MediaUploads } from './media-uploads.js';

/** What pictures of people are built from. */
export interface AvatarsParts {
  media: Model<MediaDoc>;
  uploads: MediaUploads;
  links: MediaLinks;
  users: Pick<Profiles, 'setAvatar'>;
  clock: Clock;
}

/** Pictures of people. They are shown to everybody, like names, so their addresses last. */
export class Avatars {
  constructor(private readonly parts: AvatarsParts) {}

  /**
   * Makes an image the actor's picture.
   *
   * @throws {AppError} UNSUPPORTED_MEDIA_TYPE for anything but an image, and as uploads do.
   */
  async set(actor: Actor, file: IncomingFile): Promise<{ doc: MediaDoc; user: UserRecord }> {
    const { uploads, links, users } = this.parts;
    const doc = await uploads.store(actor, file, { purpose: 'avatar' });
    const user = await users.setAvatar(actor.userId, links.address(doc._id.toHexString()));
    return { doc, user };
  }

  /**
   * Has the collector look at the pictures of a user who is about to have another one, or none: those
   * that the profile does not show go when they have been out of use for a while. Which of two that come
   * at once is shown, only the profile knows.
   */
  async release(userId: string): Promise<void> {
    const { media, clock } = this.parts;
    await media.updateMany(
      { ownerId: objectId(userId), purpose: 'avatar' },
      { $set: { uncertainSince: new Date(clock.now()) } },
    );
  }
}
