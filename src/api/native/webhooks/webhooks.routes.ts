import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';
import {
  deliveriesQuery,
  deliveryParams,
  deliveryResponse,
  recoverBody,
  webhookBody,
  webhookChanges,
  webhookParams,
  webhookResponse,
  webhookWithSecret,
} from './webhooks.schemas.js';
import { presentDelivery, presentWebhook, presentWithSecret } from './webhooks.shapes.js';

const BASE = '/api/admin/webhooks';
/** Longer than an attempt, whose answer a test waits for. */
const TEST_TIMEOUT_MS = 20_000;

/** The endpoints by which admins manage webhooks. */
export const webhookRoutes = ({ webhooks }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: BASE,
    summary: 'All webhooks, oldest first',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'reads',
    response: Joi.array().items(webhookResponse),
    handle: async () => ({ data: (await webhooks.list()).map(presentWebhook) }),
  }),
  route({
    method: 'post',
    path: BASE,
    summary: 'Make a webhook; the answer shows its secret once',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    body: webhookBody,
    response: webhookWithSecret,
    status: 201,
    handle: async ({ actor, body }) => ({
      data: presentWithSecret(await webhooks.create(actor, body)),
    }),
  }),
  route({
    method: 'get',
    path: `${BASE}/:webhookId`,
    summary: 'A webhook',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'reads',
    params: webhookParams,
    response: webhookResponse,
    handle: async ({ params }) => ({ data: presentWebhook(await webhooks.one(params.webhookId)) }),
  }),
  route({
    method: 'patch',
    path: `${BASE}/:webhookId`,
    summary: 'Change a webhook, disable it, enable it again',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    params: webhookParams,
    body: webhookChanges,
    response: webhookResponse,
    handle: async ({ actor, params, body }) => ({
      data: presentWebhook(await webhooks.update(actor, params.webhookId, body)),
    }),
  }),
  route({
    method: 'delete',
    path: `${BASE}/:webhookId`,
    summary: 'Delete a webhook and its deliveries',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    params: webhookParams,
    response: Joi.object({ deleted: Joi.boolean().required() }),
    handle: async ({ actor, params }) => {
      await webhooks.remove(actor, params.webhookId);
      return { data: { deleted: true } };
    },
  }),
  route({
    method: 'post',
    path: `${BASE}/:webhookId/test`,
    summary: 'Send webhook.test now, and answer what came back',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    params: webhookParams,
    response: deliveryResponse,
    timeoutMs: TEST_TIMEOUT_MS,
    handle: async ({ actor, params }) => ({
      data: presentDelivery(await webhooks.test(actor, params.webhookId)),
    }),
  }),
  route({
    method: 'post',
    path: `${BASE}/:webhookId/rotate`,
    summary: 'Make another secret; the one before signs for another 24 hours',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    params: webhookParams,
    response: webhookWithSecret,
    handle: async ({ actor, params }) => ({
      data: presentWithSecret(await webhooks.rotate(actor, params.webhookId)),
    }),
  }),
  route({
    method: 'post',
    path: `${BASE}/:webhookId/recover`,
    summary: 'Send what has happened since a time and has not arrived, in the background',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    params: webhookParams,
    body: recoverBody,
    response: webhookResponse,
    handle: async ({ actor, params, body }) => ({
      data: presentWebhook(await webhooks.recover(actor, params.webhookId, body.since)),
    }),
  }),
  route({
    method: 'get',
    path: `${BASE}/:webhookId/deliveries`,
    summary: 'Deliveries and what was answered, newest first',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'reads',
    params: webhookParams,
    query: deliveriesQuery,
    response: Joi.array().items(deliveryResponse),
    extra: { hasMore: Joi.boolean().required() },
    handle: async ({ params, query }) => {
      const { deliveries, hasMore } = await webhooks.deliveries(params.webhookId, query);
      return { data: deliveries.map(presentDelivery), extra: { hasMore } };
    },
  }),
  route({
    method: 'post',
    path: `${BASE}/:webhookId/deliveries/:deliveryId/redeliver`,
    summary: 'Send a delivery again',
    tag: 'Admin',
    auth: 'admin',
    userLimit: 'writes',
    params: deliveryParams,
    response: deliveryResponse,
    handle: async ({ actor, params }) => ({
      data: presentDelivery(await webhooks.redeliver(actor, params.webhookId, params.deliveryId)),
    }),
  }),
];
