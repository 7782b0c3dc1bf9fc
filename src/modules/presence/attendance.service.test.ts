import { expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import { EventBus } from '../../platform/event-bus.js';
import type { AttendanceParts } from './attendance.service.js';
import { Attendance } from './attendance.service.js';

it('survives that the database is away when somebody connects, and looks again afterwards', async () => {
  const logger = pino({ level: 'silent' });
  const away = new Error('the database is away');
  const profile = jest
    .fn<() => Promise<{ status: string }>>()
    .mockRejectedValueOnce(away)
    .mockResolvedValue({ status: 'offline' });
  const attendance = new Attendance({
    logger,
    bus: new EventBus(logger),
    announcer: { profile, inTurn: (_userId: string, work: () => Promise<void>) => work() },
  } as unknown as AttendanceParts);
  // The rejection that nobody waits for must not end the process: the suite fails on it.
  await expect(attendance.connect('alice', 'socket')).rejects.toBe(away);
  await new Promise(setImmediate);
  expect(await attendance.isHiding('alice')).toBe(true);
});
