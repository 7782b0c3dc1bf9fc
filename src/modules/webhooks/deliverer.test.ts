import { describe, expect, it } from '@jest/globals';
import { Types } from 'mongoose';
import pino from 'pino';
import type { OutboundAnswer } from '../../platform/outbound.js';
import { Deliverer, RETRY_PAUSES, retryAfterOf } from './deliverer.js';
import type { Attempt, DeliveriesRepository, StoredDelivery } from './deliveries.repository.js';
import { newDelivery } from './deliveries.repository.js';
import type { StoredWebhook, WebhooksRepository } from './webhooks.repository.js';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;

const aWebhook = (): StoredWebhook => ({
  _id: new Types.ObjectId(),
  url: 'https://hook.example/',
  events: ['message.created'],
  description: '',
  isEnabled: true,
  secrets: [{ secret: SECRET, until: null }],
  createdBy: new Types.ObjectId(),
  createdAt: new Date(START),
  updatedAt: new Date(START),
  since: new Date(START),
  failingSince: null,
  disabledReason: null,
});

const answering = (status: number, retryAfter?: string): OutboundAnswer => ({
  status,
  retryAfter,
  text: '',
  isCut: false,
});

/** A deliverer over deliveries in memory, with a clock of its own. */
const aDeliverer = (answer: (url: string) => Promise<OutboundAnswer>) => {
  const time = { now: START };
  const stored: StoredDelivery[] = [];
  const webhooks = new Map<string, StoredWebhook>();
  const disabled: string[] = [];
  const sent: { url: string; eventId: string; at: number }[] = [];
  const deliverer = new Deliverer({
    webhooks: {
      find: (id: string) => Promise.resolve(webhooks.get(id) ?? null),
      noteOutcome: () => Promise.resolve(),
      // As the database does: one of several calls switches it off.
      disable: ({ url }: StoredWebhook, reason: string) => {
        if (disabled.length > 0) return Promise.resolve(false);
        disabled.push(`${url} ${reason}`);
        return Promise.resolve(true);
      },
    } as unknown as WebhooksRepository,
    deliveries: {
      due: (webhookId: Types.ObjectId, now: Date) =>
        Promise.resolve(
          stored.filter(
            (one) =>
              one.webhookId.equals(webhookId) && one.status === 'waiting' && one.nextAt <= now,
          ),
        ),
      conclude: (id: Types.ObjectId, attempt: Attempt, next: Partial<StoredDelivery>) => {
        const found = stored.find((one) => one._id.equals(id))!;
        Object.assign(found, next, { attemptCount: found.attemptCount + 1 });
        found.attempts.push(attempt);
        return Promise.resolve(found);
      },
    } as unknown as DeliveriesRepository,
    outbound: {
      post: ({ url, headers }) => {
        sent.push({ url, eventId: headers['webhook-id']!, at: time.now });
        return answer(url);
      },
      refusalTo: () => undefined,
      close: () => Promise.resolve(),
    },
    clock: { now: () => time.now },
    logger: pino({ level: 'silent' }),
    metrics: { webhookDeliveries: { inc: () => undefined } } as never,
    random: () => 0.5,
  });
  const add = (webhook: StoredWebhook, eventId: string, lane = 'chat') => {
    webhooks.set(webhook._id.toHexString(), webhook);
    const event = { eventId, type: 'message.created' as const, at: new Date(START), lane };
    const delivery = newDelivery(webhook._id, { ...event, payload: '{}' }, new Date(time.now));
    stored.push(delivery);
    return delivery;
  };
  const serve = async (...of: StoredWebhook[]) => {
    deliverer.serve(of);
    await deliverer.idle();
  };
  return { add, deliverer, disabled, sent, serve, time };
};

describe('a delivery', () => {
  it('arrives after its receiver was dead for an hour', async () => {
    const webhook = aWebhook();
    let isDead = true;
    const { add, sent, serve, time } = aDeliverer(() =>
      isDead ? Promise.reject(new Error('ECONNREFUSED')) : Promise.resolve(answering(200)),
    );
    const delivery = add(webhook, 'event');
    for (let minutes = 0; minutes < 60; minutes += 1) {
      await serve(webhook);
      time.now += HOUR / 60;
    }
    expect(delivery.status).toBe('waiting');
    isDead = false;
    time.now += 2 * HOUR;
    await serve(webhook);
    expect(delivery.status).toBe('delivered');
    expect(new Set(sent.map(({ eventId }) => eventId))).toEqual(new Set(['event']));
  });

  it('is tried for more than a day, then given up', async () => {
    const webhook = aWebhook();
    const { add, sent, serve, time } = aDeliverer(() => Promise.resolve(answering(500)));
    const delivery = add(webhook, 'event');
    for (let i = 0; i < 100; i += 1) {
      await serve(webhook);
      time.now += HOUR;
    }
    expect(delivery.status).toBe('failed');
    expect(sent).toHaveLength(RETRY_PAUSES.length + 1);
    expect(sent.at(-1)!.at - START).toBeGreaterThan(24 * HOUR);
  });

  it('waits as long as Retry-After says', async () => {
    const webhook = aWebhook();
    const { add, serve } = aDeliverer(() => Promise.resolve(answering(503, '7200')));
    const delivery = add(webhook, 'event');
    await serve(webhook);
    expect(delivery.nextAt.getTime()).toBe(START + 2 * HOUR);
  });

  it('waits for nobody but those before it in its lane', async () => {
    const [slow, quick] = [{ ...aWebhook(), url: 'https://slow.example/' }, aWebhook()];
    let release: (answer: OutboundAnswer) => void = () => undefined;
    const { add, deliverer, sent } = aDeliverer((url) =>
      url === slow.url
        ? new Promise((resolve) => (release = resolve))
        : Promise.resolve(answering(200)),
    );
    add(slow, 'slow');
    const delivered = [add(quick, 'a'), add(quick, 'b')];
    deliverer.serve([slow, quick]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(delivered.map(({ status }) => status)).toEqual(['delivered', 'delivered']);
    expect(sent.map(({ eventId }) => eventId)).toEqual(['slow', 'a', 'b']);
    release(answering(200));
    await deliverer.idle();
  });
});

describe('a webhook', () => {
  it('is disabled at once by 410', async () => {
    const webhook = aWebhook();
    const { add, disabled, serve } = aDeliverer(() => Promise.resolve(answering(410)));
    add(webhook, 'event');
    await serve(webhook);
    expect([webhook.isEnabled, disabled]).toEqual([false, ['https://hook.example/ gone']]);
  });

  it('is disabled when nothing but failures came for five days', async () => {
    const webhook = aWebhook();
    const { add, disabled, serve, time } = aDeliverer(() => Promise.resolve(answering(500)));
    for (let day = 0; day < 6; day += 1) {
      add(webhook, `event ${day}`, `lane ${day}`);
      await serve(webhook);
      time.now += 24 * HOUR;
    }
    expect(disabled).toEqual(['https://hook.example/ failing']);
  });
});

describe('Retry-After', () => {
  it.each([
    [undefined, 0],
    ['30', 30_000],
    ['999999999', 24 * HOUR],
    [new Date(START + 60_000).toUTCString(), 60_000],
    [new Date(START - 60_000).toUTCString(), 0],
    ['soon', 0],
  ])('%s means a pause of %i ms', (header, ms) => {
    expect(retryAfterOf(header, START)).toBe(ms);
  });
});
