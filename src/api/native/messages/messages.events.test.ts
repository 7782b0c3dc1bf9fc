import { describe, expect, it } from '@jest/globals';
import { aMessage, aUserCard } from '../../../../test/support/factories.js';
import { audiences } from '../../../shared/audience.js';
import type { Emission, LocalSockets } from '../../../transport/socket/rendering.js';
import type { UnreadCountsRepository } from '../../../modules/messages/index.js';
import { UnreadCounter } from '../../../modules/messages/index.js';
import { messageRenderings } from './messages.events.js';

const message = aMessage({ seq: 7, version: 7 });
const { chatId, id } = message;
const sender = aUserCard({ id: message.senderId });
const local: LocalSockets = {
  notLooking: (userIds) => [...userIds],
};
const notesFor = (unreadAt: Parameters<typeof messageRenderings>[0], memberIds: string[]) => {
  const { renderings } = messageRenderings(unreadAt);
  const [, ...notes] = renderings['message.sent']!.render(
    { message, sender, status: 'sent', memberIds, audience: audiences.chat(chatId) },
    local,
  );
  return Promise.all(notes.map((note) => Promise.resolve<Emission>(note)));
};

describe('the note of a message', () => {
  it('carries the unread count, or the chat’s newest number when nobody can count', async () => {
    const notes = await notesFor(
      (userId) => Promise.resolve(userId === 'a' ? 3 : undefined),
      ['a', 'b'],
    );
    expect(notes).toMatchObject([
      { event: 'unread_message', payload: { chatId, unreadCount: 3, message: { id } } },
      { event: 'unread_message', payload: { chatId, lastSeq: 7, message: { id } } },
    ]);
    expect(notes[1]!.payload).not.toHaveProperty('unreadCount');
  });

  it('waits for a bounded number of counts only', async () => {
    const asked: ((count: number) => void)[] = [];
    const slow = {
      unread: () => new Promise<number>((resolve) => asked.push(resolve)),
    } as unknown as UnreadCountsRepository;
    const unread = new UnreadCounter(slow, () => Promise.resolve(7));
    const userIds = Array.from({ length: 2100 }, (_, i) => i.toString(16).padStart(24, '0'));
    const counts = userIds.map((userId) =>
      unread.countAt(userId, message, () => Promise.resolve(0)).catch((error: unknown) => error),
    );
    const answerAll = async () => {
      for (let done = 0; done < 2016;) {
        const open = asked.splice(0);
        done += open.length;
        for (const answer of open) answer(5);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await answerAll();
    const results = await Promise.all(counts);
    expect(results.filter((count) => count === 5)).toHaveLength(2016);
    expect(results.at(-1)).toMatchObject({ code: 'OVERLOADED' });
    const known = await unread.countAt(userIds[0]!, message, () => Promise.resolve(0));
    expect(known).toBe(5);
  });
});
