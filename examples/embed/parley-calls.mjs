/** What Parley calls at the shop: the webhook, and the hook that reviews messages before they are written. */
import express from 'express';
import { Webhook } from 'standardwebhooks';

/** Events that the orders page can show, and ids that are remembered because an event may come twice. */
const SHOWN = 30;
const REMEMBERED = 10_000;
const PHONE_NUMBER = /\+?\d[\d\s()/.-]{5,}\d/g;
const UNWANTED = /\bbitcoin\b/i;

/** Answers a router, and the newest events, newest first. */
export const createParleyCalls = ({ webhookSecret, preSendSecret }) => {
  const events = [];
  const known = new Set();
  const router = express.Router();
  // The signature is over the very bytes, so the body is not parsed before.
  router.use(express.text({ type: 'application/json', limit: '256kb' }));

  /** Answers what Parley has signed; else 401, and undefined. */
  const verified = (secret, request, response) => {
    try {
      return new Webhook(secret).verify(request.body, request.headers);
    } catch {
      response.sendStatus(401);
      return undefined;
    }
  };

  router.post('/events', (request, response) => {
    const event = verified(webhookSecret, request, response);
    if (!event) return;
    // First the answer: work that takes long comes afterwards.
    response.sendStatus(204);
    const id = request.headers['webhook-id'];
    if (known.has(id)) return;
    known.add(id);
    if (known.size > REMEMBERED) known.delete(known.values().next().value);
    events.unshift({ id, ...event });
    events.length = Math.min(events.length, SHOWN);
  });

  router.post('/review', (request, response) => {
    const question = verified(preSendSecret, request, response);
    if (!question) return;
    const { content } = question.data;
    if (UNWANTED.test(content)) {
      response.json({ action: 'refuse', message: 'This shop does not talk about bitcoin.' });
      return;
    }
    const masked = content.replace(PHONE_NUMBER, '•••');
    response.json(
      masked === content ? { action: 'accept' } : { action: 'change', content: masked },
    );
  });

  return { router, events };
};
