import { describe, expect, it } from '@jest/globals';
import { aLiveStream, anObjectId } from '../../../test/support/factories.js';
import { audiences } from '../../shared/audience.js';
import type { LiveEndReason } from './live.repository.js';
import { LiveParticipants } from './live-participants.js';
import { LiveAccessGuard } from './live-access.js';

const stream = aLiveStream({ chatId: anObjectId() });
const HOST = stream.hostId;
const block = { kind: 'block', userId: HOST.toHexString() } as const;

/** A guard with a host in a direct chat, given answers about the stream, and why it has ended, if it has. */
const setUp = (answers: (boolean | Error)[], endReason?: LiveEndReason) => {
  const done: string[] = [];
  const answer = (): Promise<boolean> => {
    const next = answers.shift() ?? false;
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
  const participants = new LiveParticipants();
  participants.add(stream, HOST.toHexString(), 'phone');
  const guard = new LiveAccessGuard({
    participants,
    access: { isShadowed: () => false, mayWatch: answer, mayContinue: answer },
    finish: (_stream, reason) => {
      done.push(`ended: ${reason}`);
      return Promise.resolve(true);
    },
    streams: {
      ended: () =>
        Promise.resolve(endReason ? [{ ...stream, endReason, endedAt: new Date(0) }] : []),
    },
    chatAccess: {
      forget: (chatId) => {
        done.push(`forgotten: ${chatId}`);
      },
    },
    leases: { viewerLeft: () => Promise.resolve() },
    bus: {
      emit: (type) => {
        done.push(type);
      },
    },
    clock: { now: () => 0 },
    sockets: { leave: () => undefined },
  });
  return { done, guard, participants };
};

describe('the recheck of a host', () => {
  it('ends the stream once, when the block is decided between its two questions', async () => {
    const { done, guard } = setUp([true]);
    await guard.recheck(block);
    expect(done).toEqual([]);
    await guard.recheck(block);
    expect(done).toEqual(['ended: not_allowed']);
  });

  it('is repeated when the database did not answer', async () => {
    const { done, guard } = setUp([new Error('the database is away'), false, false]);
    await expect(guard.recheck(block)).rejects.toThrow('away');
    await guard.catchUp();
    await guard.catchUp();
    expect(done).toEqual(['ended: not_allowed']);
  });
});

describe('a stream that has ended while this node did not hear of it', () => {
  it('ends here, and the chat is read again when the host has lost a right', async () => {
    const { done, guard } = setUp([], 'not_allowed');
    await guard.catchUp();
    expect(done).toEqual([`forgotten: ${stream.chatId!.toHexString()}`, 'live.over']);
  });

  it('ends here, and nothing else changes, when its host has ended it', async () => {
    const { done, guard } = setUp([], 'ended');
    await guard.catchUp();
    expect(done).toEqual(['live.over']);
  });

  it('ends once, although its event comes after all, and again for a device that joins later', async () => {
    const { done, guard, participants } = setUp([], 'ended');
    await guard.catchUp();
    const liveId = stream._id.toHexString();
    const word = { liveId, chatId: null, hostId: HOST.toHexString(), endedAt: '' };
    guard.over({ ...word, reason: 'ended', audience: audiences.chatOrEveryone(null) });
    await guard.catchUp();
    expect(done).toEqual(['live.over']);
    participants.add(stream, HOST.toHexString(), 'phone');
    await guard.catchUp();
    expect(done).toEqual(['live.over', 'live.over']);
  });
});
