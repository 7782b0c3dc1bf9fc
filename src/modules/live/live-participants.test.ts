import { describe, expect, it } from '@jest/globals';
import { AppError } from '../../shared/errors.js';
import { Types } from 'mongoose';
import type { LiveStreamDoc } from './live.model.js';
import { LiveParticipants, isHostSeat, losesSeat } from './live-participants.js';

const newStream = (): LiveStreamDoc => ({
  _id: new Types.ObjectId(),
  hostId: new Types.ObjectId(),
  title: 'Live',
  chatId: null,
  status: 'live',
  hostExpiresAt: new Date(),
  startedAt: new Date(),
  endedAt: null,
  endReason: null,
});

describe('seats in live streams', () => {
  it('are found by device, user and stream', () => {
    const seats = new LiveParticipants();
    const [one, two] = [newStream(), newStream()];
    const [oneId, twoId] = [one._id.toHexString(), two._id.toHexString()];
    seats.take(one, one.hostId.toHexString(), 'studio');
    seats.take(one, 'bob', 'phone');
    seats.take(two, 'bob', 'phone');
    seats.take(two, 'bob', 'laptop');
    expect(seats.ofDevice('phone').map(({ liveId }) => liveId)).toEqual([oneId, twoId]);
    expect(seats.ofUser('bob')).toHaveLength(3);
    expect(seats.ofStream(oneId).map(isHostSeat)).toEqual([true, false]);
    expect(seats.streams().map(({ liveId }) => liveId)).toEqual([oneId, twoId]);
    expect([seats.has(oneId, 'phone'), seats.has(oneId, 'laptop')]).toEqual([true, false]);
  });

  it('are taken once however often a device comes', () => {
    const seats = new LiveParticipants();
    const stream = newStream();
    seats.take(stream, 'bob', 'phone');
    seats.take({ ...stream }, 'bob', 'phone');
    expect(seats.ofUser('bob')).toHaveLength(1);
    seats.vacate(stream._id.toHexString(), 'phone');
    expect(seats.has(stream._id.toHexString(), 'phone')).toBe(false);
  });

  it('leave nothing behind when they are vacated', () => {
    const seats = new LiveParticipants();
    const [one, two] = [newStream(), newStream()];
    seats.take(one, 'bob', 'phone');
    seats.take(two, 'bob', 'phone');
    seats.vacate(one._id.toHexString(), 'phone');
    expect([seats.devices(), seats.streams().length]).toEqual([['phone'], 1]);
    seats.vacate(two._id.toHexString(), 'phone');
    seats.vacate(two._id.toHexString(), 'phone');
    expect([seats.devices(), seats.streams(), seats.ofUser('bob')]).toEqual([[], [], []]);
  });
});

describe('a device that comes again to a stream that it is in, and fails', () => {
  it('keeps its seat unless it was refused', () => {
    expect(losesSeat(new AppError('TIMEOUT', 'the database is slow'), true)).toBe(false);
    expect(losesSeat(new Error('anything else'), true)).toBe(false);
    expect(losesSeat(new AppError('NOT_FOUND', 'no longer a member'), true)).toBe(true);
    expect(losesSeat(new AppError('TIMEOUT', 'the database is slow'), false)).toBe(true);
  });
});
