import { describe, expect, it, jest } from '@jest/globals';
import type { Server } from 'socket.io';
import { silentLogger } from '../../../test/support/logger.js';
import { EventBus } from '../../platform/event-bus.js';
import type { ForClients } from '../../shared/audience.js';
import { audiences } from '../../shared/audience.js';
import type { DialectMask, DialectName } from './dialect.js';
import { ALL_DIALECTS, DIALECTS, hears, maskOf } from './dialect.js';
import { Delivery } from './delivery.js';
import type { Emission, RenderingTable } from './rendering.js';
import type { SocketRegistry } from './socket-registry.js';

interface Events {
  'thing.happened': ForClients & { chatId: string };
}

/** What was emitted: the rooms, those left out, the event and its payload. */
interface Emitted {
  to: string[];
  except: string[];
  event: string;
  payload: unknown;
}

/** A server that notes what is emitted, and sockets that hear these sets of dialects. */
const setUp = (masks: DialectMask[]) => {
  const emitted: Emitted[] = [];
  const io = {
    local: {
      to: (to: string[]) => ({
        except: (except: string[]) => ({
          emit: (event: string, payload: unknown) => {
            emitted.push({ to, except, event, payload });
          },
        }),
      }),
    },
  };
  const registry = {
    activeMasks: () => masks,
    isSpoken: (dialect: DialectName) => masks.some((mask) => hears(mask, dialect)),
    connected: (userIds: Iterable<string>) => [...userIds],
    usersIn: (userIds: Iterable<string>) => [...userIds].filter((id) => id !== 'left'),
  };
  const bus = new EventBus<Events>(silentLogger());
  const fanout = new Delivery<Events>(
    io as unknown as Server,
    registry as unknown as SocketRegistry,
  );
  const publish = (tables: RenderingTable<Events>[], audience = audiences.chat('c')) => {
    bus.subscribe(fanout.subscriptions(tables));
    bus.emit('thing.happened', { chatId: 'c', audience }, { scope: 'cluster' });
    return emitted;
  };
  return { publish, emitted };
};

const emission = (event: string, payload: object, more: Partial<Emission> = {}): Emission => ({
  event,
  payload,
  ...more,
});

const table = (dialect: DialectName, ...said: Emission[]): RenderingTable<Events> => ({
  dialect,
  renderings: { 'thing.happened': { emits: said.map(({ event }) => event), render: () => said } },
});

describe('fan-out', () => {
  it('does not render for a dialect that no socket hears', () => {
    const tables = DIALECTS.map((dialect) => {
      const render = jest.fn(() => [emission(`in ${dialect}`, {})]);
      return { dialect, render, renderings: { 'thing.happened': { emits: [], render } } };
    });
    const { publish } = setUp([maskOf('v0')]);
    const emitted = publish(tables);
    expect(emitted.map(({ event }) => event)).toEqual(['in v0']);
    expect(tables.map(({ render }) => render.mock.calls.length)).toEqual([0, 1, 0, 0]);
  });

  it('renders nothing at all on a node without sockets', () => {
    const render = jest.fn(() => [emission('x', {})]);
    const { publish } = setUp([]);
    publish([{ dialect: 'native', renderings: { 'thing.happened': { emits: [], render } } }]);
    expect(render).not.toHaveBeenCalled();
  });

  it('publishes once per set of dialects, to those who hear it', () => {
    const { publish } = setUp([maskOf('native'), maskOf('room'), ALL_DIALECTS]);
    const emitted = publish([
      table('native', emission('message_received', { n: 1 })),
      table('room', emission('new-message', { r: 1 })),
    ]);
    expect(emitted).toEqual([
      { to: ['chat:c#1', 'chat:c#15'], except: [], event: 'message_received', payload: { n: 1 } },
      { to: ['chat:c#8', 'chat:c#15'], except: [], event: 'new-message', payload: { r: 1 } },
    ]);
  });

  it('merges what two dialects call alike, for those who hear both', () => {
    const { publish } = setUp([maskOf('native'), maskOf('v0'), ALL_DIALECTS]);
    const emitted = publish([
      table('native', emission('user_typing', { userId: 'a' })),
      table('v0', emission('user_typing', { senderId: 'a' })),
    ]);
    expect(emitted.map(({ to, payload }) => [to, payload])).toEqual([
      [['chat:c#1'], { userId: 'a' }],
      [['chat:c#2'], { senderId: 'a' }],
      [['chat:c#15'], { userId: 'a', senderId: 'a' }],
    ]);
  });

  it('merges a first with a first and a second with a second', () => {
    const { publish } = setUp([ALL_DIALECTS]);
    const emitted = publish([
      table('native', emission('gone', { a: 1 }), emission('gone', { a: 2 })),
      table('v0', emission('gone', { b: 1 }), emission('gone', { b: 2 })),
    ]);
    expect(emitted.map(({ payload }) => payload)).toEqual([
      { a: 1, b: 1 },
      { a: 2, b: 2 },
    ]);
  });

  it('tells nobody whom the audience excepts, in any dialect', () => {
    const { publish } = setUp([maskOf('native'), ALL_DIALECTS]);
    const emitted = publish(
      [table('native', emission('gone', { a: 1 })), table('v0', emission('gone', { b: 1 }))],
      audiences.chat('c', ['hidden']),
    );
    expect(emitted).toEqual([
      { to: ['chat:c#1'], except: ['user:hidden#1'], event: 'gone', payload: { a: 1 } },
      { to: ['chat:c#15'], except: ['user:hidden#15'], event: 'gone', payload: { a: 1, b: 1 } },
    ]);
  });

  it('tells a part of the audience, and of named users only those who are in it', () => {
    const { publish } = setUp([maskOf('native')]);
    const emitted = publish(
      [
        table(
          'native',
          emission('seen', {}, { part: { devices: 'looking' } }),
          emission('unseen', {}, { part: { devices: 'not looking', userIds: ['ann', 'left'] } }),
          emission('read', {}, { part: { userIds: ['left'] } }),
        ),
      ],
      audiences.chat('c', ['hidden']),
    );
    expect(emitted).toMatchObject([
      { event: 'seen', to: ['open:c#1'], except: ['user:hidden#1'] },
      { event: 'unseen', to: ['user:ann#1'], except: ['user:hidden#1', 'open:c#1'] },
    ]);
  });

  it('spares slow clients what is volatile', () => {
    const { publish } = setUp([maskOf('native')]);
    const emitted = publish([
      table(
        'native',
        emission('user_typing', {}, { isVolatile: true }),
        emission('message_received', {}),
      ),
    ]);
    expect(emitted.map(({ event, except }) => [event, except])).toEqual([
      ['user_typing', ['slow#1']],
      ['message_received', []],
    ]);
  });
});
