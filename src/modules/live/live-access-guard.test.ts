import { describe, expect, it } from '@jest/globals';
import { Types } from 'mongoose';
import { audiences } from '../../shared/audience.js';
import type { LiveStreamDoc } from './live.model.js';
import { LiveParticipants } from './live-participants.js';
import type { LiveAccessGuardParts } from './live-access-guard.js';
import { LiveAccessGuard } from './live-access-guard.js';

const HOST = new Types.ObjectId();
const stream = {
  _id: new Types.ObjectId(),
  hostId: HOST,
  chatId: new Types.ObjectId(),
} as LiveStreamDoc;
const block = { kind: 'block', userId: HOST.toHexString() } as const;

/** A host in a direct chat, answers about the stream, each of which may fail, and why it has ended, if it has. */
const setUp = (answers: (boolean | Error)[], endReason?: string) => {
  const done: string[] = [];
  const answer = (): Promise<boolean> => {
    const next = answers.shift() ?? false;
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  const seats = new LiveParticipants();
  seats.take(stream, HOST.toHexString(), 'phone');
  const status = new LiveAccessGuard({
    seats,
    streams: { mayWatch: answer, mayGoOn: answer },
    host: {
      finish: (_stream: LiveStreamDoc, reason: string) => {
        done.push(`ended: ${reason}`);
        return Promise.resolve(true);
      },
    },
    models: {
      streams: {
        find: () => ({
          lean: () =>
            Promise.resolve(endReason ? [{ ...stream, endReason, endedAt: new Date(0) }] : []),
        }),
      },
    },
    access: {
      forget: (chatId: string) => {
        done.push(`forgotten: ${chatId}`);
      },
    },
    attendance: {
      forget: (liveId: string) => {
        seats.vacate(liveId, 'phone');
      },
      viewerLeft: () => Promise.resolve(),
    },
    bus: {
      emit: (type: string) => {
        done.push(type);
      },
    },
    clock: { now: () => 0 },
    unseat: () => undefined,
  } as unknown as LiveAccessGuardParts);
  return { done, seats, status };
};

describe('a host whose standing is in doubt', () => {
  it('hears once that the stream is over, when that is decided between two questions', async () => {
    const { done, status } = setUp([true]);
    await status.doubted(block);
    expect(done).toEqual([]);
    await status.doubted(block);
    expect(done).toEqual(['ended: not_allowed']);
  });

  it('is asked about again when the database did not answer', async () => {
    const { done, status } = setUp([new Error('the database is away'), false, false]);
    await expect(status.doubted(block)).rejects.toThrow('away');
    await status.catchUp();
    await status.catchUp();
    expect(done).toEqual(['ended: not_allowed']);
  });
});

describe('a stream of which this node has not heard that it is over', () => {
  it('ends here; what was known of the chat is asked again when the host has lost a right', async () => {
    const { done, status } = setUp([], 'not_allowed');
    await status.catchUp();
    expect(done).toEqual([`forgotten: ${stream.chatId!.toHexString()}`, 'live.over']);
  });

  it('ends here and changes nothing else when its host has ended it', async () => {
    const { done, status } = setUp([], 'ended');
    await status.catchUp();
    expect(done).toEqual(['live.over']);
  });

  it('is over once, although the word of it comes after all, and again for who comes later', async () => {
    const { done, seats, status } = setUp([], 'ended');
    await status.catchUp();
    const liveId = stream._id.toHexString();
    const word = { liveId, chatId: null, hostId: HOST.toHexString(), endedAt: '' };
    status.over({ ...word, reason: 'ended', audience: audiences.chatOrEveryone(null) });
    await status.catchUp();
    expect(done).toEqual(['live.over']);
    seats.take(stream, HOST.toHexString(), 'phone');
    await status.catchUp();
    expect(done).toEqual(['live.over', 'live.over']);
  });
});
