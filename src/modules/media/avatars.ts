import type { Subscription } from '../../platform/event-bus.js';
import type { Clock } from '../../shared/clock.js';
import type { UserRecord, UserEvents, Profiles } from '../users/index.js';
import type { MediaLinks } from './links.js';
import type { MediaRepository } from './media.repository.js';
import type { IncomingFile, MediaUploads } from './uploads.js';

/** The events that tell that a user has another picture, or none. */
type PictureEvents = Pick<UserEvents, 'user.picture_changed'>;

/** Pictures of people. They are shown to everybody, like names, so their addresses last. */
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
   * Has the collector look at all pictures of a user who has another one now, or none. Which of them is
   * shown, only the profile knows: of two changes at the same time, either may have come last. A crash
   * before this runs delays it until the collector looks at shown pictures by itself.
   */
  get subscriptions(): Subscription<PictureEvents>[] {
    return [
      {
        event: 'user.picture_changed',
        phase: 'effects',
        on: 'origin',
        does: 'has former pictures removed when they have been out of use for a while',
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
