import { describe, expect, it } from '@jest/globals';
import { aLiveStream } from '../../../test/support/factories.js';
import { AppError } from '../../shared/errors.js';
import { LiveParticipants, isHostDevice, leavesAfter } from './live-participants.js';

describe('the participants of this node', () => {
  it('are found by device, user and stream', () => {
    const participants = new LiveParticipants();
    const [one, two] = [aLiveStream(), aLiveStream()];
    const [oneId, twoId] = [one._id.toHexString(), two._id.toHexString()];
    participants.add(one, one.hostId.toHexString(), 'studio');
    participants.add(one, 'bob', 'phone');
    participants.add(two, 'bob', 'phone');
    participants.add(two, 'bob', 'laptop');
    expect(participants.ofDevice('phone').map(({ liveId }) => liveId)).toEqual([oneId, twoId]);
    expect(participants.ofUser('bob')).toHaveLength(3);
    expect(participants.ofStream(oneId).map(isHostDevice)).toEqual([true, false]);
    expect(participants.streams().map(({ liveId }) => liveId)).toEqual([oneId, twoId]);
    expect([participants.has(oneId, 'phone'), participants.has(oneId, 'laptop')]).toEqual([
      true,
      false,
    ]);
  });

  it('hold a device once, however often it joins', () => {
    const participants = new LiveParticipants();
    const stream = aLiveStream();
    participants.add(stream, 'bob', 'phone');
    participants.add({ ...stream }, 'bob', 'phone');
    expect(participants.ofUser('bob')).toHaveLength(1);
    participants.remove(stream._id.toHexString(), 'phone');
    expect(participants.has(stream._id.toHexString(), 'phone')).toBe(false);
  });

  it('hold nothing of a device that has left', () => {
    const participants = new LiveParticipants();
    const [one, two] = [aLiveStream(), aLiveStream()];
    participants.add(one, 'bob', 'phone');
    participants.add(two, 'bob', 'phone');
    participants.remove(one._id.toHexString(), 'phone');
    expect([participants.devices(), participants.streams().length]).toEqual([['phone'], 1]);
    participants.remove(two._id.toHexString(), 'phone');
    participants.remove(two._id.toHexString(), 'phone');
    expect([participants.devices(), participants.streams(), participants.ofUser('bob')]).toEqual([
      [],
      [],
      [],
    ]);
  });
});

describe('a device whose second joining of a stream fails', () => {
  it('goes on taking part unless it was refused', () => {
    expect(leavesAfter(new AppError('TIMEOUT', 'the database is slow'), true)).toBe(false);
    expect(leavesAfter(new Error('anything else'), true)).toBe(false);
    expect(leavesAfter(new AppError('NOT_FOUND', 'no longer a member'), true)).toBe(true);
    expect(leavesAfter(new AppError('TIMEOUT', 'the database is slow'), false)).toBe(true);
  });
});
