import type { Model } from 'mongoose';
import { trusted } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import type { Actor } from '../../shared/actor.js';
import type { Clock } from '../../shared/clock.js';
import type { UserDoc, UserService } from '../users/index.js';
import type { IncomingFile } from './incoming-file.js';
import type { MediaLinks } from './media-links.js';
import type { MediaDoc } from './media.model.js';
import type { MediaUploads } from './media-uploads.service.js';

/** What pictures of people are built from. */
export interface AvatarsParts {
  media: Model<MediaDoc>;
  uploads: MediaUploads;
  links: MediaLinks;
  users: Pick<UserService, 'setAvatar'>;
  clock: Clock;
}

/** Pictures of people. They are shown to everybody, like names, so their addresses last. */
export class Avatars {
  constructor(private readonly parts: AvatarsParts) {}

  /**
   * Makes an image the actor's picture; the one before goes when it has been out of use for a while.
   *
   * @throws {AppError} UNSUPPORTED_MEDIA_TYPE for anything but an image, and as uploads do.
   */
  async set(actor: Actor, file: IncomingFile): Promise<{ doc: MediaDoc; user: UserDoc }> {
    const { media, uploads, links, users, clock } = this.parts;
    const doc = await uploads.store(actor, file, { purpose: 'avatar' });
    const user = await users.setAvatar(actor.userId, links.address(doc._id.toHexString()));
    // Which of two that came at once has won, the collector asks the profile.
    await media.updateMany(
      { ownerId: objectId(actor.userId), purpose: 'avatar', _id: trusted({ $ne: doc._id }) },
      { $set: { uncertainSince: new Date(clock.now()) } },
    );
    return { doc, user };
  }
}
