import Joi from 'joi';
import type { AnyRoute } from '../../transport/http/route.js';
import { route } from '../../transport/http/route.js';
import type { ChatView } from '../../modules/chats/index.js';
import type { Actor } from '../../shared/actor.js';
import type { UseCases } from './use-cases.js';
import { pageQuery, unreadCountResponse } from './dialect.schemas.js';

/** What tells one REST dialect's conversations from another's. */
export interface ConversationShape {
  /** Its heading in the specification. */
  tag: string;
  /** Where its paths begin. */
  base: string;
  /** Presents a conversation at a time in milliseconds. */
  present(view: ChatView, now: number): object;
  /** Schema of what `present` answers. */
  response: Joi.ObjectSchema;
}

type ListServices = Pick<UseCases, 'clock' | 'list'>;

/** `GET /conversations` and `GET /unread-count`. */
export const conversationListRoutes = (
  { tag, base, present, response }: ConversationShape,
  { clock, list }: ListServices,
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
];

/** `GET /conversation/:<person>`; the path's parameter names the person in the dialect's words. */
export const personRoute = <Name extends string>(
  { tag, base, present, response }: ConversationShape,
  { clock, directChats, list }: ListServices & Pick<UseCases, 'directChats'>,
  person: { name: Name; params: Joi.ObjectSchema<Record<Name, string>> },
): AnyRoute =>
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
  });

/** What tells one way to send from another. */
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
