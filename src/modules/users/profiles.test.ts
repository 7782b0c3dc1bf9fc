import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { anActor, anId, aUser } from '../../../test/support/factories.js';
import { silentLogger } from '../../../test/support/logger.js';
import { EventBus } from '../../platform/event-bus.js';
import { Profiles, canAlwaysSeeEmail } from './profiles.js';
import type { UserEvents } from './users.events.js';
import type { UsersRepository } from './users.repository.js';

const ada = anActor();
const grace = anId();
const UPLOAD = '/api/media/ada';

describe('a change of a profile', () => {
  let avatar: string | null;
  /** The picture that the database has when the event arrives, of each event. */
  let announced: (string | null)[];
  const update = jest.fn<UsersRepository['update']>();
  let profiles: Profiles;

  beforeEach(() => {
    avatar = UPLOAD;
    announced = [];
    update.mockReset().mockImplementation((_userId, changes) => {
      if (changes.avatar !== undefined) avatar = changes.avatar;
      return Promise.resolve(aUser({ avatar }));
    });
    const bus = new EventBus<UserEvents>(silentLogger());
    bus.subscribe([
      {
        event: 'user.picture_changed',
        phase: 'effects',
        on: 'origin',
        does: 'counts',
        run: ({ userId }) => {
          if (userId === ada.userId) announced.push(avatar);
        },
      },
    ]);
    profiles = new Profiles({
      users: { update, pictureOf: () => Promise.resolve(avatar) } as unknown as UsersRepository,
      usernames: { change: () => Promise.resolve(null) },
      accessChanges: { post: () => Promise.resolve() },
      bus,
      contacts: {
        agreedAmong: () => Promise.resolve(new Set<string>()),
        idsOf: () => Promise.resolve([]),
        areInOneChat: () => Promise.resolve(false),
      },
      names: { assertNames: () => undefined, isAllowed: () => true },
      showEmail: 'owner',
      userDirectory: 'everyone',
      isAllowedPictureUrl: (url) => url.startsWith('https://pictures.example/'),
    });
  });

  it('announces another picture after it is stored', async () => {
    await profiles.updateProfile(ada, { avatar: 'https://pictures.example/new' });
    await profiles.setAvatar(ada.userId, '/api/media/newer');
    await profiles.updateProfile(ada, { avatar: null });
    expect(announced).toEqual(['https://pictures.example/new', '/api/media/newer', null]);
  });

  it('announces no picture when the profile is written back with the current upload', async () => {
    await profiles.updateProfile(ada, { firstName: 'Ada', avatar: UPLOAD });
    expect(update).toHaveBeenCalledWith(ada.userId, { firstName: 'Ada' });
    expect(announced).toEqual([]);
  });

  it('announces nothing when there is no such user, or when the picture is refused', async () => {
    update.mockResolvedValueOnce(null);
    await expect(profiles.setAvatar(ada.userId, null)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(
      profiles.updateProfile(ada, { avatar: 'https://elsewhere.example/x' }),
    ).rejects.toMatchObject({ code: 'VALIDATION' });
    expect(announced).toEqual([]);
  });
});

it('a user always sees their own e-mail address', () => {
  expect(canAlwaysSeeEmail(ada, ada.userId)).toBe(true);
});

it("a user does not always see somebody else's e-mail address", () => {
  expect(canAlwaysSeeEmail(ada, grace)).toBe(false);
});

it('an admin always sees the e-mail address of a user', () => {
  expect(canAlwaysSeeEmail({ ...ada, role: 'admin' }, grace)).toBe(true);
});
