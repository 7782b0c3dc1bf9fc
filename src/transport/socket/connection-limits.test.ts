import { describe, expect, it } from '@jest/globals';
import { ConnectionLimits } from './connection-limits.js';

const NO_CAPS = { connectionsPerUser: 0, connectionsPerAddress: 0, maxConnections: 0 };
const limits = (caps: Partial<typeof NO_CAPS>) =>
  new ConnectionLimits({ ...NO_CAPS, ...caps }, () => 0.5);
const refusalOf = (enter: () => unknown): unknown => {
  try {
    return enter();
  } catch (error) {
    return error;
  }
};

describe('connection limits', () => {
  it('refuse the next connection of a user, and take one when another has gone', () => {
    const caps = limits({ connectionsPerUser: 2 });
    const leave = caps.enterAs('alice');
    caps.enterAs('alice');
    caps.enterAs('bob');
    expect(refusalOf(() => caps.enterAs('alice'))).toMatchObject({
      code: 'TOO_MANY_CONNECTIONS',
      retryAfter: 30,
    });
    leave();
    leave();
    caps.enterAs('alice');
    expect(refusalOf(() => caps.enterAs('alice'))).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
  });

  it.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:192.0.2.2'],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:3::1'],
  ])('count %s and %s as one address, and %s as another', (first, same, other) => {
    const caps = limits({ connectionsPerAddress: 1 });
    const leave = caps.enter(first);
    expect(refusalOf(() => caps.enter(same))).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
    caps.enter(other);
    leave();
    caps.enter(same);
  });

  it('refuse everybody when the process is full, and count nobody who was refused', () => {
    const caps = limits({ maxConnections: 2, connectionsPerAddress: 1 });
    const leave = caps.enter('192.0.2.1');
    for (let i = 0; i < 3; i += 1) {
      expect(refusalOf(() => caps.enter('192.0.2.1'))).toMatchObject({
        code: 'TOO_MANY_CONNECTIONS',
      });
    }
    caps.enter('192.0.2.2');
    expect(refusalOf(() => caps.enter('192.0.2.3'))).toMatchObject({
      code: 'UNAVAILABLE',
      retryAfter: 10,
    });
    leave();
    caps.enter('192.0.2.3');
  });

  it('are off at 0', () => {
    const caps = limits({});
    for (let i = 0; i < 1000; i += 1) {
      caps.enter('192.0.2.1');
      caps.enterAs('alice');
    }
    expect(refusalOf(() => caps.enterAs('alice'))).toEqual(expect.any(Function));
  });
});
