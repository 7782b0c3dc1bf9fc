import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { anObjectId } from '../../../../test/support/factories.js';
import type { ChatQueue, MessageDraft } from './write-queues.js';
import { WriteQueues } from './write-queues.js';

/** Queues whose database answers when the test resolves it. */
const setUp = () => {
  const writes: { contents: string[]; end: () => void }[] = [];
  const queues = new WriteQueues(async (taken: ChatQueue[]) => {
    const items = taken.flatMap((queue) => queue.items.splice(0));
    const contents = items.map((item) => (item.kind === 'insert' ? item.draft.content : ''));
    await new Promise<void>((resolve) => writes.push({ contents, end: resolve }));
    for (const item of items) item.reject(new Error('no answer'));
  });
  const add = (chatId: string, content: string): Promise<string> =>
    queues
      .add<never>(chatId, (resolve, reject) => ({
        kind: 'insert',
        id: anObjectId(),
        draft: { content } as MessageDraft,
        attempts: 0,
        since: performance.now(),
        resolve: resolve as never,
        reject,
      }))
      .catch((error: unknown) => (error as Error).message);
  const started = async (count: number) => {
    while (writes.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { queues, writes, add, started };
};

describe('write queues before a slow database', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('refuse what has waited for over a second and write what came later', async () => {
    let now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    const { queues, writes, add, started } = setUp();
    const [one, two] = [add('a', 'one'), add('a', 'two')];
    await started(1);
    const waited = add('a', 'waited');
    now = 2000;
    const fresh = add('a', 'fresh');
    writes[0]!.end();
    expect(await Promise.all([one, two, waited])).toEqual([
      'no answer',
      'no answer',
      'The database does not keep up; try again',
    ]);
    await started(2);
    writes[1]!.end();
    await fresh;
    expect(writes.map(({ contents }) => contents)).toEqual([['one', 'two'], ['fresh']]);
    await queues.drained();
  });

  it('keep every item while the database answers', async () => {
    const { queues, writes, add, started } = setUp();
    const first = add('a', 'first');
    await started(1);
    const second = add('a', 'second');
    writes[0]!.end();
    await started(2);
    writes[1]!.end();
    await Promise.all([first, second, queues.drained()]);
    expect(writes.map(({ contents }) => contents)).toEqual([['first'], ['second']]);
  });
});
