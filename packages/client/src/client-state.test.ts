import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SEED, runs } from '../../../test/support/seed.js';
import { CHAT, ME, THEM, answer, message, synced } from '../test/client-fixtures.js';
import { openOutbox, outgoing, refusal } from '../test/outbox-fixture.js';
import { FakeTimers, nextTurn } from '../test/fake-timers.js';
import { StateStores } from './client-state.js';
import type { Store } from './store.js';
import { Synchronizer } from './synchronizer.js';
import { followEvent, followPeople } from './server-events.js';
import type { OwnUser, Participant, SyncRequest } from './wire.types.js';

const USER = { id: ME, username: ME, name: ME, avatar: null } as OwnUser;
const PEER: Participant = {
  id: THEM,
  username: THEM,
  name: 'Them',
  avatar: null,
  role: 'member',
  status: 'offline',
  isOnline: false,
  lastSeen: null,
};
const chatWith = (chatId: string, changes = {}) => {
  const made = synced([message(1, { id: `${chatId}-1`, chatId })], { chatId, isReset: true });
  const chat = { ...made.chat, id: chatId, participants: [PEER], otherUser: PEER, ...changes };
  return { ...made, chat };
};

/** The state of a device whose server answers `replies`, first to last, and then nothing new. */
const setUp = async () => {
  const timers = new FakeTimers();
  const box = openOutbox();
  const replies = [answer([chatWith(CHAT)])];
  const sync: Synchronizer = new Synchronizer({
    timers,
    userId: () => ME,
    fetch: () => Promise.resolve(replies.shift() ?? answer([])),
    onAnswer: (told, request) => {
      state.synced(told, request);
    },
    onChanged: (chatId) => {
      state.chatChanged(chatId);
    },
    onRemoved: (chatId) => {
      state.chatChanged(chatId);
    },
  });
  const state = new StateStores({ timers, stores: sync.stores, outbox: box.outbox });
  state.setSession('signed-in', USER);
  state.setConnection('connected');
  await sync.connected();
  await nextTurn();
  return { timers, box, replies, sync, state };
};

describe('what a client shows', () => {
  it('has the other one’s name, presence and the newest message in the list of chats', async () => {
    const { state } = await setUp();
    state.presenceChanged(
      state.people.setOnline([{ userId: THEM, status: 'online', customStatus: '' }]),
    );
    const [chat] = state.chats.getSnapshot().active;
    expect(chat).toMatchObject({ title: 'Them', otherUser: { isOnline: true }, unreadCount: 1 });
    expect([chat?.lastMessage?.content, chat?.participants[0]?.isOnline]).toEqual(['text 1', true]);
    expect(state.presence(THEM).getSnapshot().status).toBe('online');
  });

  it('puts a request of somebody else among the requests, and an archived chat in the archive', async () => {
    const { state, sync, replies } = await setUp();
    const archived = {
      ...chatWith('b'),
      settings: { clearedSeq: 0, hiddenSeq: null, archivedSeq: 1 },
    };
    replies.push(answer([chatWith('a', { status: 'pending', initiator: THEM }), archived]));
    await sync.syncAll();
    const { active, archived: archive, requests, isLoaded } = state.chats.getSnapshot();
    expect([active, archive, requests].map((list) => list.map(({ id }) => id))).toEqual([
      [CHAT],
      ['b'],
      ['a'],
    ]);
    expect([isLoaded, state.unread.getSnapshot()]).toMatchObject([
      true,
      { messages: 2, requests: 1 },
    ]);
  });

  it('takes a mute away when its time is over', async () => {
    const { state, sync, replies, timers } = await setUp();
    replies.push(answer([chatWith(CHAT, { mutedUntil: new Date(5000).toISOString() })]));
    await sync.syncAll();
    expect(state.chats.getSnapshot().active[0]?.isMuted).toBe(true);
    await timers.advance(5001);
    expect(state.chats.getSnapshot().active[0]?.isMuted).toBe(false);
  });

  it('keeps a message that is refused, with the reason, until it is sent again or discarded', async () => {
    const { state, box } = await setUp();
    box.failures.push(refusal('MESSAGE_REFUSED'));
    const shown = () =>
      state
        .room(CHAT)
        .getSnapshot()
        .messages.map(({ key, state: at, error }) => [key, at, error?.code]);
    const sent = box.outbox.add(outgoing('one'));
    state.chatChanged(CHAT);
    expect(shown()).toEqual(
      [
        ['m1', 'sent', undefined],
        ['one', 'sending', undefined],
      ].map(([k, ...rest]) => [k === 'm1' ? `${CHAT}-1` : k, ...rest]),
    );
    await expect(sent).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    state.chatChanged(CHAT);
    expect(shown()[1]).toEqual(['one', 'failed', 'MESSAGE_REFUSED']);
    expect(await box.outbox.discard('one')).toBe(true);
    state.chatChanged(CHAT);
    expect(shown()).toHaveLength(1);
  });

  it('shows who types until they stop, send, or are not heard any more', async () => {
    const { state, timers } = await setUp();
    const typing = () =>
      state
        .room(CHAT)
        .getSnapshot()
        .typing.map(({ id }) => id);
    state.typing.started(CHAT, PEER);
    expect(typing()).toEqual([THEM]);
    await timers.advance(10_000);
    expect(typing()).toEqual([]);
  });
});

/** What may happen to a device, by name. */
type Step = (device: Awaited<ReturnType<typeof setUp>>) => unknown;
const STEPS: Step[] = [
  ({ sync }) => {
    const { version } = sync.stores.get(CHAT)!;
    sync.heardMessage(message(version + 1, { id: `new ${version}`, chatId: CHAT }));
  },
  ({ sync }) => {
    sync.heardPosition(CHAT, THEM, 'lastReadSeq', sync.stores.get(CHAT)!.version);
  },
  ({ sync }) => {
    sync.heardPosition(CHAT, ME, 'lastReadSeq', sync.stores.get(CHAT)!.version);
  },
  ({ sync }) => {
    sync.heardHidden(CHAT, `${CHAT}-1`);
  },
  ({ sync, replies }) => {
    replies.push(answer([chatWith('other')]));
    return sync.syncAll();
  },
  ({ sync }) => sync.syncAll(),
  ({ state }) => {
    state.typing.started(CHAT, PEER);
  },
  ({ state }) => {
    state.typing.stopped(CHAT, THEM);
  },
  ({ state }) => {
    const status = state.presence(THEM).getSnapshot().isOnline ? 'offline' : 'online';
    state.presenceChanged(state.people.set(THEM, { status }) ? new Set([THEM]) : new Set());
  },
  ({ state }) => {
    state.chatChanged(CHAT);
  },
  ({ state }) => {
    state.setConnection('offline');
  },
  ({ state }) => {
    state.setConnection('connected');
  },
  ({ state }) => {
    state.setUnreadBroadcasts(() => 1);
  },
  ({ state }) => state.loadingIn(CHAT),
  ({ timers }) => timers.advance(8000),
];

describe('a store', () => {
  it('tells its listeners of what changes its snapshot, once, and of nothing else', async () => {
    const plans = fc.array(fc.nat({ max: STEPS.length - 1 }), { minLength: 1, maxLength: 25 });
    const property = fc.asyncProperty(plans, async (plan) => {
      const device = await setUp();
      const { state } = device;
      const stores: Store<unknown>[] = [
        state.session,
        state.connection,
        state.chats,
        state.unread,
        state.presence(THEM),
        state.room(CHAT),
      ];
      const told = stores.map(() => 0);
      stores.forEach((store, i) => store.subscribe(() => void (told[i]! += 1)));
      for (const step of plan) {
        const before = stores.map((store) => store.getSnapshot());
        const frozen = JSON.stringify(before);
        told.fill(0);
        await STEPS[step]!(device);
        await nextTurn();
        const now = stores.map((store) => store.getSnapshot());
        // What was answered before has not been changed in place.
        expect(JSON.stringify(before)).toBe(frozen);
        for (const [i, snapshot] of now.entries()) {
          const isOther = snapshot !== before[i];
          expect([step, i, told[i]! > 0]).toEqual([step, i, isOther]);
          // Another object is another value: nobody is told of nothing.
          if (isOther) expect(JSON.stringify(snapshot)).not.toBe(JSON.stringify(before[i]));
          expect(stores[i]!.getSnapshot()).toBe(snapshot);
        }
      }
    });
    await fc.assert(property, { seed: SEED, numRuns: runs(60) });
  });

  it('has what was held, and not what was let go, while a sync was under way that did not know it', async () => {
    const { state } = await setUp();
    const outside = (id: string) =>
      message(1, { id, chatId: CHAT, senderId: ME, isHeld: true, heldAfterSeq: 1 });
    const request: SyncRequest = { scope: 'listed', tags: {}, chats: { [CHAT]: 1 } };
    const shown = () =>
      state
        .room(CHAT)
        .getSnapshot()
        .messages.map(({ id }) => id);
    state.messages.hold(outside('older'));
    state.messages.syncing();
    state.messages.hold(outside('newer'));
    state.messages.unhold(CHAT, 'older');
    state.synced(answer([], { held: [outside('older')] }), request);
    expect(shown()).toEqual([`${CHAT}-1`, 'newer']);
    state.messages.syncing();
    state.synced(answer([], { held: [] }), request);
    expect(shown()).toEqual([`${CHAT}-1`]);
  });

  it('takes a message that its sender alone sees for none of the log', async () => {
    const { state, sync } = await setUp();
    const unseen = message(1, { id: 'unseen', chatId: CHAT, senderId: ME, heldAfterSeq: 1 });
    const told = { ...unseen } as unknown as Record<string, unknown>;
    followEvent(sync, 'message_received', told);
    followPeople(state, 'message_received', told);
    const ids = state
      .room(CHAT)
      .getSnapshot()
      .messages.map(({ id }) => id);
    expect(ids).toEqual([`${CHAT}-1`, 'unseen']);
    expect(
      sync.stores
        .get(CHAT)!
        .list()
        .map(({ id }) => id),
    ).toEqual([`${CHAT}-1`]);
  });

  it('marks the messages of those whom the user has blocked, from when that is known', async () => {
    const { state, sync } = await setUp();
    const marked = () =>
      state
        .room(CHAT)
        .getSnapshot()
        .messages.map(({ isFromBlocked }) => isFromBlocked ?? false);
    const request: SyncRequest = { scope: 'all', tags: {}, chats: {} };
    expect(marked()).toEqual([false]);
    followPeople(state, 'block_changed', { userId: THEM, blocked: true });
    expect(marked()).toEqual([true]);
    state.synced(answer([], { blocked: [] }), request);
    expect(marked()).toEqual([false]);
    state.synced(answer([], { blocked: [THEM] }), request);
    expect(marked()).toEqual([true]);
    expect(sync.stores.get(CHAT)!.list()[0]).not.toHaveProperty('isFromBlocked');
  });
});
