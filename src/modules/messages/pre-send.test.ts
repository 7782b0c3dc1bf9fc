import { describe, expect, it } from '@jest/globals';
import pino from 'pino';
import type { OutboundAnswer } from '../../platform/outbound.js';
import { PreSendHook } from './pre-send.js';

const MESSAGE = {
  chatId: 'c',
  senderId: 's',
  content: 'hello',
  messageType: 'text',
  media: [],
};

const aHook = (answer: () => Promise<unknown>, onError: 'refuse' | 'accept' = 'refuse') => {
  const asked: string[] = [];
  const hook = new PreSendHook({
    outbound: {
      post: async ({ body }): Promise<OutboundAnswer> => {
        asked.push(body);
        const text = JSON.stringify(await answer());
        return { status: 200, retryAfter: undefined, text, isCut: false };
      },
    },
    verdicts: {
      claim: () => Promise.resolve(undefined),
      settle: () => Promise.resolve(),
      release: () => Promise.resolve(),
    },
    url: 'http://hook.example/',
    secret: undefined,
    onError,
    maxLength: 10,
    clock: { now: () => 0 },
    logger: pino({ level: 'silent' }),
    metrics: { preSendDuration: { observe: () => undefined } } as never,
  });
  return { hook, asked };
};
const always = (value: unknown) => () => Promise.resolve(value);

describe('the pre-send hook', () => {
  it('accepts, changes and refuses', async () => {
    expect(await aHook(always({ action: 'accept' })).hook.review(MESSAGE, undefined)).toEqual({});
    const change = aHook(always({ action: 'change', content: 'h***o' })).hook;
    expect(await change.review(MESSAGE, undefined)).toEqual({ content: 'h***o' });
    const refuse = aHook(always({ action: 'refuse', message: 'No\u0000 \u202Ehello' })).hook;
    await expect(refuse.review(MESSAGE, undefined)).rejects.toMatchObject({
      code: 'MESSAGE_REFUSED',
      message: 'No   hello',
    });
  });

  it('is asked once for concurrent retries and later ones, also when it refuses', async () => {
    const { hook, asked } = aHook(always({ action: 'refuse' }));
    const tries = await Promise.allSettled([hook.review(MESSAGE, 'k'), hook.review(MESSAGE, 'k')]);
    await expect(hook.review(MESSAGE, 'k')).rejects.toMatchObject({ code: 'MESSAGE_REFUSED' });
    expect([tries.map(({ status }) => status), asked.length]).toEqual([
      ['rejected', 'rejected'],
      1,
    ]);
  });

  it.each([
    ['no action', {}],
    ['no object', null],
    ['an unknown action', { action: 'maybe' }],
    ['a text that is too long', { action: 'change', content: 'x'.repeat(11) }],
    ['an empty text', { action: 'change', content: ' ' }],
    ['a change of nothing', { action: 'change' }],
    ['metadata with an operator', { action: 'change', metadata: { $where: 1 } }],
  ])('counts as away when it answers %s', async (_, answer) => {
    await expect(aHook(always(answer)).hook.review(MESSAGE, undefined)).rejects.toMatchObject({
      code: 'PRE_SEND_UNAVAILABLE',
    });
    expect(await aHook(always(answer), 'accept').hook.review(MESSAGE, undefined)).toEqual({});
  });

  it('is asked again after it was away', async () => {
    const answers = [() => Promise.reject(new Error('away')), always({ action: 'accept' })];
    const { hook } = aHook(() => answers.shift()!());
    await expect(hook.review(MESSAGE, 'k')).rejects.toMatchObject({ code: 'PRE_SEND_UNAVAILABLE' });
    expect(await hook.review(MESSAGE, 'k')).toEqual({});
  });
});
