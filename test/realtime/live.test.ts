import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestServer } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

describe('live streams', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ env: { LIVE_GRACE_MS: '300' } });
  });
  afterAll(async () => {
    await server.close();
  });

  /** A host who streams to a chat, and a viewer who watches. */
  const stream = async () => {
    const { alice, bob, chatId } = await openDirectChat(server);
    const host = await TestSocket.connect(server, alice);
    const viewer = await TestSocket.connect(server, bob);
    const started = await host.command<{ liveId: string }>('start_live', {
      title: 'Cooking',
      chatId,
    });
    const { liveId } = started.data;
    await viewer.command('join_live', { liveId });
    const close = () => {
      host.close();
      viewer.close();
    };
    return { alice, bob, chatId, host, viewer, liveId, close };
  };

  it('are announced to the chat, listed, counted, and ended', async () => {
    const { alice, bob, chatId, host, viewer, liveId, close } = await stream();
    expect(await host.next('live_started')).toMatchObject({ liveId, hostId: alice.id });
    expect(await viewer.next('live_started')).toMatchObject({ liveId, title: 'Cooking', chatId });
    expect(await host.next('live_viewer_joined')).toMatchObject({
      liveId,
      userId: bob.id,
      viewerCount: 1,
    });
    const list = await server.http.get('/api/live').set(bob.auth).expect(200);
    expect(list.body.data).toMatchObject([{ liveId, viewerCount: 1 }]);
    await viewer.command('leave_live', { liveId });
    expect(await host.next('live_viewer_left')).toMatchObject({ userId: bob.id, viewerCount: 0 });
    await host.command('end_live', { liveId });
    expect(await viewer.next('live_ended')).toMatchObject({ liveId, reason: 'ended' });
    const after = await server.http.get('/api/live').set(bob.auth).expect(200);
    expect(after.body.data).toEqual([]);
    close();
  });

  it('are one per host: a second start finds the first, which is announced once', async () => {
    const { chatId, host, viewer, liveId, close } = await stream();
    const again = await host.command('start_live', { title: 'Cooking', chatId });
    expect(again.data).toMatchObject({ liveId });
    await settled(host, viewer);
    expect(viewer.count('live_started')).toBe(1);
    // The host's device: one confirmation of each command.
    expect(host.count('live_started')).toBe(2);
    close();
  });

  it('show comments and reactions to those who watch; a comment reaches the chat only when asked', async () => {
    const { alice, bob, chatId, host, viewer, liveId, close } = await stream();
    await viewer.command('live_comment', { liveId, content: 'Smells good' });
    expect(await host.next('live_comment')).toMatchObject({
      content: 'Smells good',
      userId: bob.id,
    });
    await viewer.command('live_reaction', { liveId, emoji: '👏' });
    expect(await host.next('live_reaction')).toMatchObject({ emoji: '👏', userId: bob.id });
    const notEmoji = await viewer.command('live_reaction', { liveId, emoji: 'clap' });
    expect(notEmoji.error.code).toBe('VALIDATION');
    await viewer.command('live_comment', { liveId, content: 'Keep this', post: true });
    const log = await server.http.get(`/api/chats/${chatId}/messages`).set(alice.auth).expect(200);
    expect(log.body.data).toMatchObject([{ content: 'Keep this', senderId: bob.id }]);
    close();
  });

  it('hand signals between host and viewer, and to nobody else', async () => {
    const { alice, bob, host, viewer, liveId, close } = await stream();
    const phone = await TestSocket.connect(server, bob);
    await host.command('live_signal', { liveId, to: bob.id, data: { type: 'offer', sdp: 'v=0' } });
    expect(await viewer.next('live_signal')).toEqual({
      liveId,
      from: alice.id,
      data: { type: 'offer', sdp: 'v=0' },
    });
    await viewer.command('live_signal', { liveId, to: alice.id, data: { candidate: null } });
    await host.next('live_signal', ({ from }) => from === bob.id);
    const toSelf = await viewer.command('live_signal', { liveId, to: bob.id, data: {} });
    expect(toSelf.error.code).toBe('FORBIDDEN');
    const stranger = await registerUser(server);
    const toStranger = await host.command('live_signal', { liveId, to: stranger.id, data: {} });
    expect(toStranger.error.code).toBe('NOT_FOUND');
    const huge = { sdp: 'x'.repeat(40_000) };
    const tooLong = await host.command('live_signal', { liveId, to: bob.id, data: huge });
    expect(tooLong.error.code).toBe('VALIDATION');
    await settled(phone);
    expect(phone.count('live_signal')).toBe(0);
    phone.close();
    close();
  });

  it('are closed to people outside the chat, and to those who only know its id', async () => {
    const { host, liveId, close } = await stream();
    const stranger = await TestSocket.connect(server, await registerUser(server));
    for (const [event, payload] of [
      ['join_live', { liveId }],
      ['live_comment', { liveId, content: 'let me in' }],
      ['end_live', { liveId }],
    ] as const) {
      const refused = await stranger.command(event, payload);
      expect([event, refused.error.code]).toEqual([event, 'NOT_FOUND']);
    }
    const forAll = await stranger.command('start_live', { title: 'Everybody, look' });
    expect(forAll.error.code).toBe('FORBIDDEN');
    await settled(host, stranger);
    expect(stranger.count('live_started')).toBe(0);
    stranger.close();
    close();
  });

  it('ask those who did not join to do so first, and cannot be ended by viewers', async () => {
    const { bob, viewer, liveId, close } = await stream();
    const ended = await viewer.command('end_live', { liveId });
    expect(ended.error.code).toBe('FORBIDDEN');
    await viewer.command('leave_live', { liveId });
    const comment = await viewer.command('live_comment', { liveId, content: 'still here' });
    expect(comment.error.code).toBe('FORBIDDEN');
    expect(bob.id).toEqual(expect.any(String));
    close();
  });

  it('forget a viewer whose connection is lost', async () => {
    const { bob, host, viewer, close } = await stream();
    viewer.close();
    expect(await host.next('live_viewer_left')).toMatchObject({ userId: bob.id, viewerCount: 0 });
    close();
  });

  it('wait for a host who is gone, and end when the host does not come back', async () => {
    const { alice, chatId, host, viewer, liveId, close } = await stream();
    host.close();
    const back = await TestSocket.connect(server, alice);
    const resumed = await back.command('start_live', { title: 'Cooking', chatId });
    expect(resumed.data).toMatchObject({ liveId });
    back.close();
    expect(await viewer.next('live_ended')).toMatchObject({ liveId, reason: 'host_left' });
    close();
  });
});
