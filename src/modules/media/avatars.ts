import type { Subscription } from '../../platform/event-bus.js';
import type { Clock } from '../../shared/clock.js';
import type { UserRecord, UserEvents, Profiles } from '../users/index.js';
import type { MediaLinks } from './links.js';
import type { MediaRepository } from './media.repository.js';
import type { IncomingFile, MediaUploads } from './uploads.js';

/** The events after which a user has another picture, or none. */
type PictureEvents = Pick<UserEvents, 'user.picture_changed'>;

/** Pictures of people. They are shown to everybody, like names, so their addresses do not expire. */
export class Avatars {
  constructor(
    private readonly deps: {
      media: MediaRepository;
      uploads: MediaUploads;
      links: MediaLinks;
      profiles: Pick<Profiles, 'setAvatar'>;
      clock: Clock;
    },
  ) {}

  /**
   * Makes the collector check all pictures of a user who has another one now, or none. Only the profile says
   * which of them is shown: of two concurrent changes, either may have come last. After a crash before this
   * runs, the former picture stays until the collector's periodic check of shown pictures.
   */
  get subscriptions(): Subscription<PictureEvents>[] {
    return [
      {
        event: 'user.picture_changed',
        phase: 'effects',
        on: 'origin',
        does: 'marks former pictures for the collector, which removes them when they have been unused for a while',
        run: ({ userId }) =>
          this.deps.media.markAvatarsUncertain(userId, new Date(this.deps.clock.now())),
      },
    ];
  }

  /**
   * Makes an image the user's picture.
   *
   * @returns the changed profile.
   * @throws {AppError} UNSUPPORTED_MEDIA_TYPE for anything but an image, and as uploads do.
   */
  async set(userId: string, file: IncomingFile): Promise<UserRecord> {
    const { uploads, links, profiles } = this.deps;
    const row = await uploads.store(userId, file, { purpose: 'avatar' });
    return profiles.setAvatar(userId, links.address(row._id.toHexString()));
  }
}
