/** Changes of messages, by socket and REST, and what every device hears of them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { Types } from 'mongoose';
import sharp from 'sharp';
import type { TestServer, TestUser } from '../support/server.js';
import { openDirectChat, registerUser, startServer } from '../support/server.js';
import { TestSocket, settled } from '../support/socket.js';

let server: TestServer;
let alice: TestUser;
let bob: TestUser;
let chatId: string;
let a: TestSocket;
let a2: TestSocket;
let b: TestSocket;
beforeAll(async () => {
  server = await startServer({ env: { EDIT_WINDOW_SECONDS: '3600' } });
  ({ alice, bob, chatId } = await openDirectChat(server));
  a = await TestSocket.connect(server, alice);
  a2 = await TestSocket.connect(server, alice);
  b = await TestSocket.connect(server, bob);
});
afterAll(async () => {
  for (const socket of [a, a2, b]) socket.close();
  await server.close();
});

interface Sent {
  id: string;
  seq: number;
  version: number;
}
const send = async (content: string, extra = {}): Promise<Sent> =>
  (await a.command<Sent>('send_message', { chatId, content, ...extra })).data;
const about = (id: string) => (payload: Record<string, unknown>) => payload.messageId === id;
const isSame = (message: unknown, { id }: Sent) => (message as Sent).id === id;
const get = (path: string, user = alice) => server.http.get(path).set(user.auth);
const post = (path: string, body: object = {}, user = alice) =>
  server.http.post(path).set(user.auth).send(body);

describe('media', () => {
  it('goes out as the upload has answered it, to those who look and those who do not', async () => {
    const picture = await sharp({
      create: { width: 8, height: 6, channels: 3, background: 'teal' },
    })
      .png()
      .toBuffer();
    const uploaded = await server.http
      .post('/api/media/upload-chat-media')
      .set(alice.auth)
      .field('chatId', chatId)
      .attach('file', picture, 'teal.png');
    const media = (uploaded.body as { data: { fileId: string; messageType: string } }).data;
    await b.command('join_chat', { chatId });
    const clientMessageId = 'a-picture';
    const payload = { chatId, messageType: media.messageType, media, clientMessageId };
    const ack = await a.command<Sent>('send_media', payload);
    expect(ack).toMatchObject({
      ok: true,
      data: { messageType: 'image', media: [{ fileId: media.fileId, width: 8, height: 6 }] },
    });
    const isIt = ({ id }: Record<string, unknown>) => id === ack.data.id;
    expect(await b.next('media_received', isIt)).toMatchObject({ messageType: 'image', chatId });
    const again = await a.command<Sent>('send_media', payload);
    expect(again.data.id).toBe(ack.data.id);
    await b.command('leave_chat', { chatId });
    const second = await a.command<Sent>('send_media', {
      chatId,
      media: [{ url: 'https://images.example.com/cat.jpg', type: 'image' }],
      content: 'a caption',
    });
    expect(
      await b.next('unread_message', ({ message }) => isSame(message, second.data)),
    ).toMatchObject({ message: { messageType: 'image', content: 'a caption' } });
  });

  it('is refused without files, and by foreign addresses that are not https', async () => {
    for (const media of [[], {}, [{ url: 'javascript:alert(1)', type: 'image' }]]) {
      expect(await a.command('send_media', { chatId, media })).toMatchObject({
        error: { code: 'VALIDATION' },
      });
    }
  });
});

describe('a caption', () => {
  /** A picture with a caption. */
  const sendPicture = async (content: string): Promise<Sent> => {
    const picture = await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const uploaded = await server.http
      .post('/api/media/upload-chat-media')
      .set(alice.auth)
      .field('chatId', chatId)
      .attach('file', picture, 'red.png');
    const { data: media } = uploaded.body as { data: { messageType: string } };
    const payload = { chatId, messageType: media.messageType, media, content };
    return (await a.command<Sent>('send_media', payload)).data;
  };

  it('can be taken off by socket and by REST, and every dialect hears of it', async () => {
    const heard = await TestSocket.connect(server, bob, { dialect: 'v0' });
    const inConversation = await TestSocket.connect(server, bob, { dialect: 'conversation' });
    const inRoom = await TestSocket.connect(server, bob, { dialect: 'room' });
    const put = (id: string, content: string) =>
      server.http.put(`/api/messages/${id}`).set(alice.auth).send({ content });
    try {
      const first = await sendPicture('xylophone one');
      const ack = await a.command('edit_message', { messageId: first.id, content: '', chatId });
      expect(ack).toMatchObject({ ok: true, data: { content: '', isEdited: true } });
      expect(await b.next('message_edited', about(first.id))).toMatchObject({ content: '' });
      const second = await sendPicture('xylophone two');
      const answer = await put(second.id, '').expect(200);
      expect(answer.body).toMatchObject({ data: { content: '', media: [{ type: 'image' }] } });
      for (const [socket, event] of [
        [heard, 'message_edited'],
        [inConversation, 'message:edited'],
        [inRoom, 'message-edited'],
      ] as const) {
        const told = await socket.next(event, (payload) =>
          JSON.stringify(payload).includes(second.id),
        );
        expect([event, JSON.stringify(told).includes('xylophone')]).toEqual([event, false]);
      }
      await put(second.id, 'another caption').expect(200);
    } finally {
      for (const socket of [heard, inConversation, inRoom]) socket.close();
    }
  });

  it('is the text of a message without a file, which must have one', async () => {
    const sent = await send('words');
    for (const content of ['', ' ', '\n\t']) {
      const edited = await a.command('edit_message', { messageId: sent.id, content });
      expect(edited).toMatchObject({ ok: false, error: { code: 'VALIDATION' } });
      const answer = await server.http
        .put(`/api/messages/${sent.id}`)
        .set(alice.auth)
        .send({ content });
      expect([answer.status, answer.body]).toEqual([
        400,
        expect.objectContaining({ errors: [expect.objectContaining({ path: 'content' })] }),
      ]);
    }
    const withoutContent = await a.command('edit_message', { messageId: sent.id });
    expect(withoutContent).toMatchObject({ ok: false, error: { code: 'VALIDATION' } });
  });
});

describe('editing', () => {
  it('changes the text for everybody, and keeps what it was', async () => {
    const { id, version } = await send('Helo');
    const ack = await a.command('edit_message', { messageId: id, content: 'Hello', chatId });
    expect(ack).toMatchObject({ ok: true, data: { id, content: 'Hello', isEdited: true } });
    for (const socket of [a, a2, b]) {
      expect(await socket.next('message_edited', about(id))).toMatchObject({
        chatId,
        content: 'Hello',
        isEdited: true,
      });
    }
    expect(ack.data.version).toBeGreaterThan(version);
    const edits = await get(`/api/messages/${id}/edits`, bob).expect(200);
    expect(edits.body.data).toMatchObject([{ content: 'Helo' }]);
  });

  it('does the same by PUT; the same text again changes nothing', async () => {
    const { id } = await send('one');
    const put = () =>
      server.http.put(`/api/messages/${id}`).set(alice.auth).send({ content: 'two' });
    const first = await put().expect(200);
    const again = await put().expect(200);
    expect(again.body.data.version).toBe(first.body.data.version);
    await settled(b);
    expect(
      b.heard.filter(({ event, payload }) => event === 'message_edited' && about(id)(payload)),
    ).toHaveLength(1);
  });

  it('is allowed to the sender alone', async () => {
    const { id } = await send('mine');
    expect(await b.command('edit_message', { messageId: id, content: 'yours' })).toMatchObject({
      error: { code: 'FORBIDDEN' },
    });
    const stranger = await registerUser(server);
    await server.http
      .put(`/api/messages/${id}`)
      .set(stranger.auth)
      .send({ content: 'x' })
      .expect(404);
    await server.http.put(`/api/messages/${id}`).send({ content: 'x' }).expect(401);
  });

  it('shows in the chat list when it was the newest message', async () => {
    const { id } = await send('before');
    await a.command('edit_message', { messageId: id, content: 'after' });
    const { body } = await get(`/api/chats/${chatId}`, bob).expect(200);
    expect(body.data.lastMessage).toMatchObject({ id, content: 'after' });
  });

  it('keeps how far the message has come', async () => {
    const { id } = await send('read me');
    await b.command('mark_as_read', { chatId });
    const ack = await a.command('edit_message', { messageId: id, content: 'read me again' });
    expect(ack.data.status).toBe('read');
  });

  it('ends with the window', async () => {
    let now = Date.now();
    const node = await startServer({
      env: { EDIT_WINDOW_SECONDS: '60' },
      clock: { now: () => now },
    });
    const chat = await openDirectChat(node);
    const sent = await node.http
      .post('/api/messages')
      .set(chat.alice.auth)
      .send({ chatId: chat.chatId, content: 'x' });
    const put = (content: string) =>
      node.http.put(`/api/messages/${sent.body.data.id}`).set(chat.alice.auth).send({ content });
    now += 59_000;
    await put('y').expect(200);
    now += 2_000;
    expect((await put('z').expect(403)).body.code).toBe('EDIT_WINDOW_CLOSED');
    await node.close();
  });
});

describe('deleting', () => {
  it('for everyone leaves a tombstone without what was said', async () => {
    const { id, seq } = await send('a secret');
    await a.command('edit_message', { messageId: id, content: 'another secret' });
    const ack = await a.command('delete_message', { messageId: id });
    expect(ack).toMatchObject({ ok: true, data: { messageId: id, deleteForEveryone: true } });
    const heard = await b.next('message_deleted', about(id));
    expect(heard).toMatchObject({ chatId, seq, isDeleted: true, content: '', deletedBy: alice.id });
    const one = await get(`/api/messages/${id}`, bob).expect(200);
    expect(one.body.data).toMatchObject({ isDeleted: true, content: '', seq });
    const edits = await get(`/api/messages/${id}/edits`).expect(200);
    expect(edits.body.data).toEqual([]);
    const list = await get(`/api/chats/${chatId}`, bob).expect(200);
    expect(list.body.data.lastMessage).toMatchObject({ id, deleted: true, content: '' });
  });

  it('takes a message out of the unread count', async () => {
    await b.command('mark_as_read', { chatId });
    const { id } = await send('unread');
    await send('unread, too');
    const count = async () =>
      (await get(`/api/chats/${chatId}`, bob)).body.data.unreadCount as number;
    expect(await count()).toBe(2);
    await a.command('delete_message', { messageId: id });
    expect(await count()).toBe(1);
  });

  it('leaves what can be neither edited nor reacted to, and happens once', async () => {
    const { id } = await send('gone');
    const first = await server.http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
    const second = await server.http.delete(`/api/messages/${id}`).set(alice.auth).expect(200);
    expect(second.body.data).toEqual(first.body.data);
    for (const [event, payload] of [
      ['edit_message', { content: 'back' }],
      ['add_reaction', { emoji: '👍' }],
    ] as const) {
      expect(await a.command(event, { messageId: id, ...payload })).toMatchObject({
        error: { code: 'GONE' },
      });
    }
  });

  it('for me hides it from me alone, on all my devices', async () => {
    const { id } = await send('embarrassing');
    const ack = await b.command('delete_message', { messageId: id, deleteForEveryone: false });
    expect(ack).toMatchObject({ ok: true, data: { deleteForEveryone: false } });
    expect(await b.next('message_deleted', about(id))).toEqual({
      chatId,
      messageId: id,
      deleteForEveryone: false,
    });
    await settled(a);
    expect(
      a.heard.some(({ event, payload }) => event === 'message_deleted' && about(id)(payload)),
    ).toBe(false);
    await get(`/api/messages/${id}`, bob).expect(404);
    await get(`/api/messages/${id}`, alice).expect(200);
  });

  it('for me, alone or with the history, keeps me from hearing of it again', async () => {
    const fresh = await openDirectChat(server);
    const [mine, theirs] = await Promise.all([
      TestSocket.connect(server, fresh.alice),
      TestSocket.connect(server, fresh.bob),
    ]);
    const say = async (content: string) =>
      (await mine.command<Sent>('send_message', { chatId: fresh.chatId, content })).data.id;
    const cleared = await say('cleared');
    await server.http.delete(`/api/chats/${fresh.chatId}`).set(fresh.bob.auth).expect(200);
    const hidden = await say('hidden');
    const kept = await say('kept');
    await theirs.command('delete_message', { messageId: hidden, deleteForEveryone: false });
    await settled(theirs);
    theirs.clear();

    for (const id of [cleared, hidden, kept]) {
      await mine.command('add_reaction', { messageId: id, emoji: '👍' });
      await mine.command('remove_reaction', { messageId: id, emoji: '👍' });
      await mine.command('edit_message', { messageId: id, content: 'again' });
      await post(`/api/messages/${id}/pin`, {}, fresh.alice).expect(200);
      await post(`/api/messages/${id}/unpin`, {}, fresh.alice).expect(200);
      await mine.command('delete_message', { messageId: id });
    }
    await settled(mine, theirs);
    const names = (socket: TestSocket, id: string) =>
      socket.heard.filter(({ payload }) => about(id)(payload)).map(({ event }) => event);
    const changes = [
      'reaction_added',
      'reaction_removed',
      'message_edited',
      'message_pinned',
      'message_unpinned',
      'message_deleted',
    ];
    for (const id of [cleared, hidden, kept]) expect(names(mine, id)).toEqual(changes);
    expect(names(theirs, kept)).toEqual(changes);
    expect(names(theirs, cleared)).toEqual([]);
    expect(names(theirs, hidden)).toEqual([]);
    for (const socket of [mine, theirs]) socket.close();
  });

  it('for everyone is allowed to the sender alone', async () => {
    const { id } = await send('stays');
    expect(await b.command('delete_message', { messageId: id })).toMatchObject({
      error: { code: 'FORBIDDEN' },
    });
    await server.http.delete(`/api/messages/${id}`).set(bob.auth).expect(403);
    await server.http
      .delete(`/api/messages/${id}?deleteForEveryone=false`)
      .set(bob.auth)
      .expect(200);
  });

  it('deletes many at once, or none of them', async () => {
    const mine = [await send('1'), await send('2')].map(({ id }) => id);
    const theirs = (await b.command<Sent>('send_message', { chatId, content: '3' })).data.id;
    await post('/api/messages/bulk-delete', { messageIds: [...mine, theirs] }).expect(403);
    expect((await get(`/api/messages/${mine[0]}`)).body.data.isDeleted).toBe(false);
    const done = await post('/api/messages/bulk-delete', { messageIds: mine }).expect(200);
    expect(done.body.data).toHaveLength(2);
    await post('/api/messages/bulk-delete', {
      messageIds: [theirs],
      deleteForEveryone: false,
    }).expect(200);
    await get(`/api/messages/${theirs}`).expect(404);
  });
});

describe('reactions', () => {
  it('are one per user and emoji, and both sides hear of each', async () => {
    const { id } = await send('nice');
    for (let i = 0; i < 2; i += 1) {
      const ack = await b.command('add_reaction', { messageId: id, emoji: '❤', chatId });
      expect(ack).toMatchObject({ ok: true, data: { isOn: true, emoji: '❤️' } });
    }
    expect(await a.next('reaction_added', about(id))).toMatchObject({
      chatId,
      userId: bob.id,
      emoji: '❤️',
      reactions: [{ userId: bob.id, emoji: '❤️' }],
    });
    await a.command('add_reaction', { messageId: id, emoji: '❤️' });
    await b.command('remove_reaction', { messageId: id, emoji: '❤️' });
    expect(await a.next('reaction_removed', about(id))).toMatchObject({
      userId: bob.id,
      reactions: [{ userId: alice.id }],
    });
    const again = await b.command('remove_reaction', { messageId: id, emoji: '❤️' });
    expect(again).toMatchObject({ ok: true, data: { isOn: false } });
    await settled(a);
    const heard = a.heard.filter(({ payload }) => about(id)(payload)).map(({ event }) => event);
    expect(heard).toEqual(['reaction_added', 'reaction_added', 'reaction_removed']);
  });

  it('are the same in every spelling of the emoji, over REST and sockets', async () => {
    for (const [stored, ...spellings] of [
      ['👍', '\u{1F44D}\uFE0F', '\u{1F44D}\uFE0E'],
      ['☝🏽', '\u261D\uFE0F\u{1F3FD}'],
      ['🏳️‍🌈', '\u{1F3F3}\u200D\u{1F308}'],
      ['1️⃣', '1\u20E3'],
    ] as const) {
      const { id } = await send('spelled');
      for (const emoji of spellings) {
        const added = await b.command('add_reaction', { messageId: id, emoji });
        expect(added.data).toMatchObject({ emoji: stored, reactions: [{ emoji: stored }] });
        const { body } = await post(`/api/messages/${id}/react`, { emoji }, alice).expect(200);
        const shown = (body.data.reactions as { emoji: string }[]).map((one) => one.emoji);
        expect(shown).toEqual([stored, stored]);
        await post(`/api/messages/${id}/react`, { emoji: stored }, alice).expect(200);
        const gone = await b.command('remove_reaction', { messageId: id, emoji: stored });
        expect(gone.data).toMatchObject({ isOn: false, reactions: [] });
      }
    }
  });

  it('of former versions are shown in one spelling, once each, and can be removed', async () => {
    const { id } = await send('old');
    const stored = ['\u{1F44D}\uFE0F', '\u{1F44D}', '\u2764'].map((emoji) => ({
      userId: new Types.ObjectId(bob.id),
      emoji,
      at: new Date(),
    }));
    const client = await new MongoClient(server.mongodbUri).connect();
    await client
      .db()
      .collection('messages')
      .updateOne({ _id: new Types.ObjectId(id) }, { $set: { reactions: stored } });
    await client.close();
    const { body } = await get(`/api/messages/${id}`);
    expect(body.data.reactions).toMatchObject([{ emoji: '👍' }, { emoji: '❤️' }]);
    const removed = await b.command('remove_reaction', { messageId: id, emoji: '👍' });
    expect(removed.data).toMatchObject({ isOn: false, reactions: [{ emoji: '❤️' }] });
    const { body: after } = await post(`/api/messages/${id}/react`, { emoji: '❤️' }, bob);
    expect(after.data).toMatchObject({ isOn: false, reactions: [] });
  });

  it('are turned over by POST', async () => {
    const { id } = await send('toggle');
    const react = () => post(`/api/messages/${id}/react`, { emoji: '👍🏽' }, bob).expect(200);
    expect((await react()).body.data).toMatchObject({ isOn: true, reactions: [{ emoji: '👍🏽' }] });
    expect((await react()).body.data).toMatchObject({ isOn: false, reactions: [] });
  });

  it('are refused when they are not one emoji, or to a message of another chat', async () => {
    const { id } = await send('no');
    for (const emoji of ['x', '👍👍', '<img>', '']) {
      expect(await b.command('add_reaction', { messageId: id, emoji })).toMatchObject({
        error: { code: 'VALIDATION' },
      });
    }
    expect(
      await b.command('add_reaction', { messageId: id, emoji: '👍', chatId: alice.id }),
    ).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it('stand when many come at once', async () => {
    const { id } = await send('popular');
    const emoji = ['😀', '😃', '😄', '😁', '😆', '😅', '🤣', '😂'];
    const acks = await Promise.all(
      emoji.flatMap((one) =>
        [a, b].map((s) => s.command('add_reaction', { messageId: id, emoji: one })),
      ),
    );
    expect(acks.every(({ ok }) => ok)).toBe(true);
    const { body } = await get(`/api/messages/${id}`);
    expect(body.data.reactions).toHaveLength(16);
    expect(new Set(acks.map(({ data }) => data.version)).size).toBe(16);
  });
});

describe('a chat with threads, pins and mentions', () => {
  it('lists the answers to a message', async () => {
    const { id } = await send('What time?');
    const first = await send('Noon', { replyTo: id });
    await send('Later', { replyTo: id });
    const page = await get(`/api/messages/${id}/replies?limit=1`, bob).expect(200);
    expect(page.body.data).toMatchObject({
      messages: [{ content: 'Noon', replyTo: id }],
      hasMore: true,
    });
    const rest = await get(`/api/messages/${id}/replies?after=${first.seq}`, bob).expect(200);
    expect(rest.body.data).toMatchObject({ messages: [{ content: 'Later' }], hasMore: false });
  });

  it('takes answers only to what the sender can still see', async () => {
    const fresh = await openDirectChat(server);
    const say = async (content: string) => {
      const sent = await post('/api/messages', { chatId: fresh.chatId, content }, fresh.alice);
      return (sent.body as { data: Sent }).data.id;
    };
    const cleared = await say('cleared');
    await server.http.delete(`/api/chats/${fresh.chatId}`).set(fresh.bob.auth).expect(200);
    const hidden = await say('hidden');
    await server.http
      .delete(`/api/messages/${hidden}?deleteForEveryone=false`)
      .set(fresh.bob.auth)
      .expect(200);
    const gone = await say('gone');
    await server.http.delete(`/api/messages/${gone}`).set(fresh.alice.auth).expect(200);
    const elsewhere = (await send('in another chat of alice and bob')).id;
    const answer = (replyTo: string, user: TestUser) =>
      post('/api/messages', { chatId: fresh.chatId, content: 'Re:', replyTo }, user);
    for (const id of [cleared, hidden, gone, elsewhere]) {
      const refused = await answer(id, fresh.bob).expect(400);
      expect(refused.body.errors).toMatchObject([{ path: 'replyTo' }]);
    }
    await answer(cleared, fresh.alice).expect(201);
  });

  it('has messages pinned and unpinned', async () => {
    const { id } = await send('Remember');
    await post(`/api/messages/${id}/pin`, {}, bob).expect(200);
    expect(await a.next('message_pinned', about(id))).toMatchObject({
      isPinned: true,
      userId: bob.id,
    });
    const pinned = await get(`/api/chats/${chatId}/pinned`).expect(200);
    expect(pinned.body.data).toMatchObject([{ id }]);
    await post(`/api/messages/${id}/unpin`).expect(200);
    expect(await b.next('message_unpinned', about(id))).toMatchObject({ isPinned: false });
    expect((await get(`/api/chats/${chatId}/pinned`)).body.data).toEqual([]);
  });

  it('knows whom a text mentions, among the members', async () => {
    const stranger = await registerUser(server);
    const content = `@${bob.username.toUpperCase()} and @${stranger.username}, look.`;
    const sent = await a.command('send_message', { chatId, content });
    expect(sent.data.mentions).toEqual([bob.id]);
    const edited = await a.command('edit_message', { messageId: sent.data.id, content: 'look' });
    expect(edited.data.mentions).toEqual([]);
  });

  it('forwards to other chats of mine, and only there', async () => {
    const other = await openDirectChat(server);
    const { id } = await send('pass it on');
    await post(`/api/messages/${id}/forward`, { chatIds: [other.chatId] }).expect(404);
    const forwarded = await post(`/api/messages/${id}/forward`, { chatIds: [chatId] }).expect(201);
    expect(forwarded.body.data).toMatchObject([
      { content: 'pass it on', forwardedFrom: { senderId: alice.id, messageId: id } },
    ]);
  });

  it('shows nothing of it to strangers', async () => {
    const { id } = await send('private');
    const stranger = await registerUser(server);
    for (const path of [
      `/api/messages/${id}`,
      `/api/messages/${id}/replies`,
      `/api/messages/${id}/edits`,
      `/api/chats/${chatId}/pinned`,
    ]) {
      await get(path, stranger).expect(404);
      await server.http.get(path).expect(401);
    }
    for (const [verb, body] of [
      ['pin', {}],
      ['unpin', {}],
      ['react', { emoji: '👍' }],
      ['forward', { chatIds: [chatId] }],
    ] as const) {
      await post(`/api/messages/${id}/${verb}`, body, stranger).expect(404);
    }
  });
});
