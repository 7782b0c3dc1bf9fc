import Joi from 'joi';
import type { DeliveryQuery, WebhookInput } from '../../../modules/webhooks/index.js';
import { DELIVERY_STATUSES, WEBHOOK_EVENTS } from '../../../modules/webhooks/index.js';
import { idSchema } from '../../../shared/ids.js';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../../../shared/pagination.js';
import { removableText } from '../../../shared/text-schema.js';

/** The longest address, in characters. */
const MAX_URL = 2000;
const MAX_DESCRIPTION = 500;

const url = Joi.string()
  .max(MAX_URL)
  .uri({ scheme: ['https', 'http'] })
  .example('https://shop.example.com/parley');
const events = Joi.array()
  .items(Joi.string().valid(...WEBHOOK_EVENTS))
  .unique()
  .min(1)
  .max(WEBHOOK_EVENTS.length);
const description = removableText(MAX_DESCRIPTION);

export const webhookBody = Joi.object<WebhookInput>({
  url: url.required(),
  events: events.required(),
  description: description.default(''),
  isEnabled: Joi.boolean().default(true),
});
export const webhookChanges = Joi.object<Partial<WebhookInput>>({
  url,
  events,
  description,
  isEnabled: Joi.boolean().description('true again: it hears of what happens from now on'),
}).min(1);
export const webhookParams = Joi.object<{ webhookId: string }>({ webhookId: idSchema.required() });
export const deliveryParams = Joi.object<{ webhookId: string; deliveryId: string }>({
  webhookId: idSchema.required(),
  deliveryId: idSchema.required(),
});
export const deliveriesQuery = Joi.object<DeliveryQuery>({
  status: Joi.string().valid(...DELIVERY_STATUSES),
  before: idSchema.description('Id of a delivery: only older ones'),
  limit: Joi.number().integer().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});
export const recoverBody = Joi.object<{ since: Date }>({
  since: Joi.date().iso().required().description('Everything since then that has not arrived'),
});

const webhook = {
  id: Joi.string().required(),
  _id: Joi.string().required(),
  url: Joi.string().required(),
  events: Joi.array()
    .items(Joi.string().valid(...WEBHOOK_EVENTS))
    .required(),
  description: Joi.string().allow('').required(),
  isEnabled: Joi.boolean().required(),
  disabledReason: Joi.string()
    .valid('gone', 'failing')
    .allow(null)
    .required()
    .description(
      'Why the server has disabled it: the receiver answered 410, or failed for five days',
    ),
  failingSince: Joi.string().isoDate().allow(null).required(),
  recovery: Joi.object({
    since: Joi.string().isoDate().required(),
    requestedAt: Joi.string().isoDate().required(),
    found: Joi.number().integer().required().description('Deliveries that are due because of it'),
    finishedAt: Joi.string().isoDate().allow(null).required(),
  })
    .allow(null)
    .required()
    .description('The newest recovery'),
  createdBy: Joi.string().required(),
  createdAt: Joi.string().isoDate().required(),
  updatedAt: Joi.string().isoDate().required(),
};

/** A webhook without its secrets. */
export const webhookResponse = Joi.object(webhook).id('Webhook');

/** A webhook with the secret that is shown once. */
export const webhookWithSecret = Joi.object({
  ...webhook,
  secret: Joi.string().required().description('Shown now and never again'),
}).id('WebhookWithSecret');

/** A delivery with its newest attempts. */
export const deliveryResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  eventId: Joi.string().required().description('The `webhook-id` header of each attempt'),
  type: Joi.string().required(),
  at: Joi.string().isoDate().required().description('When it happened'),
  status: Joi.string()
    .valid(...DELIVERY_STATUSES)
    .required(),
  attemptCount: Joi.number().integer().required(),
  attempts: Joi.array()
    .items(
      Joi.object({
        at: Joi.string().isoDate().required(),
        ms: Joi.number().required(),
        status: Joi.number().integer().allow(null).required(),
        answer: Joi.string().allow('').required().description('Its beginning, or what went wrong'),
      }),
    )
    .required(),
  nextAt: Joi.string().isoDate().allow(null).required(),
  payload: Joi.string().required().description('The body, as it is sent'),
}).id('WebhookDelivery');
