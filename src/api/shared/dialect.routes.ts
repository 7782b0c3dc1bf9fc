import Joi from 'joi';
import type { AnyRoute } from '../../transport/http/route.js';
import { route } from '../../transport/http/route.js';
import type { ChatView } from '../../modules/chats/index.js';
import type { Actor } from '../../shared/actor.js';
import type { PageQuery, Pagination } from '../../shared/pagination.js';
import type { UseCases } from './use-cases.js';
import { adminBroadcastResponse, broadcastSchema, toBroadcastInput } from './broadcast.schemas.js';
import { presentAdminBroadcast } from './broadcast.shapes.js';
import { conversationParams, pageQuery, unreadCountResponse } from './dialect.schemas.js';

/** The differences between two REST dialects' conversations. */
export interface ConversationShape<Person extends string> {
  /** Its heading in the specification. */
  tag: string;
  /** Where its paths begin. */
  base: string;
  /** Presents a conversation at a time in milliseconds. */
  present(view: ChatView, now: number): object;
  /** Schema of what `present` answers. */
  response: Joi.ObjectSchema;
  /** The dialect's parameter for the other person, and the schema of its path. */
  person: { name: Person; params: Joi.ObjectSchema<Record<Person, string>> };
  /** The summary of the endpoint that answers a page of a conversation's messages. */
  messagesSummary: string;
  /** Schema of a message. */
  messageResponse: Joi.ObjectSchema;
  /** A page of a conversation's messages, in the dialect's shape. */
  messages(
    actor: Actor,
    conversationId: string,
    query: PageQuery,
  ): Promise<{ data: object[]; pagination: Pagination }>;
}

/**
 * `GET /conversations`, `GET /unread-count`, `GET /conversation/:<person>`, whose parameter names the person
 * in the dialect's words, and `GET /conversation/:conversationId/messages`.
 */
export const conversationRoutesIn = <Person extends string>(
  { tag, base, present, response, person, ...shape }: ConversationShape<Person>,
  { clock, directChats, list }: Pick<UseCases, 'clock' | 'directChats' | 'list'>,
): AnyRoute[] => [
  route({
    method: 'get',
    path: `${base}/conversations`,
    summary: 'My conversations, newest activity first',
    tag,
    auth: 'user',
    userLimit: 'reads',
    query: pageQuery,
    response: Joi.array().items(response),
    paginated: true,
    handle: async ({ actor, query }) => {
      const { views, pagination } = await list.active(actor, query);
      return { data: views.map((view) => present(view, clock.now())), pagination };
    },
  }),
  route({
    method: 'get',
    path: `${base}/unread-count`,
    summary: 'How many messages I have not read',
    tag,
    auth: 'user',
    userLimit: 'reads',
    response: unreadCountResponse,
    handle: async ({ actor }) => ({ data: { unreadCount: await list.unreadTotal(actor) } }),
  }),
  route({
    method: 'get',
    path: `${base}/conversation/:${person.name}`,
    summary: 'The conversation with a person; opened when there is none',
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: person.params,
    response,
    handle: async ({ actor, params }) => {
      const { chat } = await directChats.getOrCreate(actor, params[person.name], 'open');
      const view = await list.detail(actor, chat._id.toHexString());
      return { data: present(view, clock.now()) };
    },
  }),
  route({
    method: 'get',
    path: `${base}/conversation/:conversationId/messages`,
    summary: shape.messagesSummary,
    tag,
    auth: 'user',
    userLimit: 'reads',
    params: conversationParams,
    query: pageQuery,
    response: Joi.array().items(shape.messageResponse),
    paginated: true,
    handle: ({ actor, params, query }) => shape.messages(actor, params.conversationId, query),
  }),
];

/** The differences between two endpoints that send. */
export interface SendShape<Body> {
  tag: string;
  path: string;
  summary: string;
  auth: 'user' | 'admin';
  body: Joi.ObjectSchema<Body>;
  response: Joi.ObjectSchema;
  /** Sends, and answers with the message in the dialect's shape. */
  send(actor: Actor, body: Body): Promise<{ data: object; isReplay: boolean }>;
}

/** `POST` of a message: 201, or 200 when this `clientMessageId` has been sent before. */
export const sendRoute = <Body>({ send, ...shape }: SendShape<Body>): AnyRoute =>
  route({
    ...shape,
    method: 'post',
    userLimit: 'sends',
    shedAs: 'work',
    status: 201,
    otherStatuses: [200],
    handle: async ({ actor, body }) => {
      const { data, isReplay } = await send(actor, body);
      return { data, status: isReplay ? 200 : 201 };
    },
  });

/** `POST` of a broadcast by an admin. */
export const broadcastRoute = (
  { tag, path }: { tag: string; path: string },
  { broadcasts, maxLength }: UseCases,
): AnyRoute =>
  route({
    method: 'post',
    path,
    summary: 'Send a message to everybody, to a role, or to a list of people; now or later',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    body: broadcastSchema(maxLength),
    shedAs: 'work',
    response: adminBroadcastResponse,
    status: 201,
    handle: async ({ actor, body }) => ({
      data: presentAdminBroadcast(await broadcasts.create(actor, toBroadcastInput(body))),
    }),
  });
