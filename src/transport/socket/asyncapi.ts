import type { JsonSchema } from '../http/json-schema.js';
import type {
  DescribedCommand,
  DescribedDialect,
  DescribedEvent,
  ProtocolModel,
} from './protocol-model.js';

/** An AsyncAPI 3.0 document, as far as its readers here look into it. */
export interface AsyncApiDocument {
  asyncapi: '3.0.0';
  info: { title: string; version: string; description: string; tags: AsyncApiTag[] };
  defaultContentType: 'application/json';
  servers: Record<string, JsonSchema>;
  /** One per dialect. */
  channels: Record<string, { messages: Record<string, Link>; [member: string]: unknown }>;
  operations: Record<string, AsyncApiOperation>;
  components: {
    messages: Record<string, AsyncApiMessage>;
    schemas: Record<string, JsonSchema>;
    securitySchemes: Record<string, JsonSchema>;
  };
}

interface AsyncApiTag {
  name: string;
  description?: string;
}

interface Link {
  $ref: string;
}

/** A command that the server receives, or an event that it sends. */
export interface AsyncApiOperation {
  action: 'receive' | 'send';
  channel: Link;
  title: string;
  summary?: string;
  description?: string;
  tags: AsyncApiTag[];
  messages: Link[];
  /** Of a command: its ack. */
  reply?: { channel: Link; messages: Link[] };
  /** Of an event: the domain events that it tells of. */
  'x-domain-events'?: string[];
}

/** A frame: the name of the event, and its payload. */
export interface AsyncApiMessage {
  name: string;
  title: string;
  summary?: string;
  payload: JsonSchema;
  examples?: { payload: unknown }[];
}

const DESCRIPTION = [
  'What clients send over Socket.IO, what they are answered, and what they hear. A client connects with',
  '`io(url, { auth: { token, dialect } })`; a refused handshake is the `connect_error` of the client, with the reason as',
  '`data`. A command is `emit(name, payload, ack)`; its ack is `{ok: true, data}` once the change is stored, or',
  '`{ok: false, error}`. Each dialect is a channel: a device that names one hears its events alone.',
].join('\n');

const DIALECT_TEXT: Record<string, string> = {
  native: 'Names with underscores, chats by id: for new clients, and what the SDK speaks.',
  v0: 'Names with underscores, messages to people rather than chats.',
  conversation: 'Names with colons, conversations by id.',
  room: 'Names with dashes, rooms by name.',
};

const link = (...path: string[]): Link => ({ $ref: `#/${path.join('/')}` });
const typeLink = (name: string): JsonSchema => ({ ...link('components', 'schemas', name) });
/** Names of operations and components have no colons. */
const key = (...parts: string[]): string => parts.join('.').replaceAll(':', '.');

/** The parts of the document that one dialect gives. */
interface Part {
  messages: Record<string, AsyncApiMessage>;
  operations: Record<string, AsyncApiOperation>;
}

const ackOf = (answer: string): JsonSchema => ({
  oneOf: [
    {
      type: 'object',
      properties: { ok: { const: true }, data: typeLink(answer) },
      required: ['ok', 'data'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { ok: { const: false }, error: typeLink('ErrorBody') },
      required: ['ok', 'error'],
      additionalProperties: false,
    },
  ],
});

const commandPart = (
  dialect: string,
  { event, summary, payload, answer, confirms, isForAdmins }: DescribedCommand,
): Part => {
  const [sent, answered] = [key(dialect, event, 'command'), key(dialect, event, 'ack')];
  const channel = link('channels', dialect);
  const more = [
    ...(isForAdmins ? ['For admins alone.'] : []),
    ...(confirms === undefined ? [] : [`The caller also gets \`${confirms}\`.`]),
  ];
  return {
    messages: {
      [sent]: { name: event, title: event, summary, payload: typeLink(payload) },
      [answered]: { name: event, title: `ack of ${event}`, payload: ackOf(answer) },
    },
    operations: {
      [key(dialect, 'receive', event)]: {
        action: 'receive',
        channel,
        title: event,
        summary,
        ...(more.length > 0 && { description: more.join(' ') }),
        tags: [{ name: dialect }],
        messages: [link('channels', dialect, 'messages', sent)],
        reply: { channel, messages: [link('channels', dialect, 'messages', answered)] },
      },
    },
  };
};

const eventPart = (
  dialect: string,
  { event, description, audience, payload, example, after }: DescribedEvent,
): Part => {
  const heard = key(dialect, event, 'event');
  return {
    messages: {
      [heard]: {
        name: event,
        title: event,
        summary: description,
        payload: typeLink(payload),
        examples: [{ payload: example }],
      },
    },
    operations: {
      [key(dialect, 'send', event)]: {
        action: 'send',
        channel: link('channels', dialect),
        title: event,
        summary: description,
        description: `It goes to ${audience}.`,
        tags: [{ name: dialect }],
        messages: [link('channels', dialect, 'messages', heard)],
        ...(after.length > 0 && { 'x-domain-events': after }),
      },
    },
  };
};

/** The refusal of a handshake, which Socket.IO hands to clients as an error. */
const REFUSAL: DescribedEvent = {
  event: 'connect_error',
  description:
    'The handshake is refused, and the connection closed. With `data` the server has refused it; without, no server ' +
    'has answered.',
  audience: 'the device that connects',
  payload: 'HandshakeRefusal',
  example: {
    message: 'Missing or invalid token',
    data: { code: 'UNAUTHENTICATED', message: 'Missing or invalid token' },
  },
  after: [],
};

const partOf = ({ name, commands, events }: DescribedDialect): Part => {
  const parts = [
    ...commands.map((command) => commandPart(name, command)),
    ...[...events, REFUSAL].map((event) => eventPart(name, event)),
  ];
  return {
    messages: Object.assign({}, ...parts.map(({ messages }) => messages)) as Part['messages'],
    operations: Object.assign(
      {},
      ...parts.map(({ operations }) => operations),
    ) as Part['operations'],
  };
};

/** Describes the protocol of the sockets as an AsyncAPI 3.0 document, from the server's point of view. */
export const createAsyncApi = (
  { dialects, schemas }: ProtocolModel,
  version: string,
): AsyncApiDocument => {
  const parts = dialects.map((dialect) => ({ dialect, ...partOf(dialect) }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Parley sockets',
      version,
      description: DESCRIPTION,
      tags: dialects.map(({ name }) => ({ name, description: DIALECT_TEXT[name] ?? name })),
    },
    defaultContentType: 'application/json',
    servers: {
      local: {
        host: 'localhost:3000',
        pathname: '/socket.io/',
        protocol: 'ws',
        description: 'A server on this machine; another one at its own address, by wss',
        security: [link('components', 'securitySchemes', 'token')],
      },
    },
    channels: Object.fromEntries(
      parts.map(({ dialect: { name }, messages }) => [
        name,
        {
          address: '/',
          title: `The dialect ${name}`,
          description: DIALECT_TEXT[name] ?? name,
          tags: [{ name }],
          messages: Object.fromEntries(
            Object.keys(messages).map((id) => [id, link('components', 'messages', id)]),
          ),
        },
      ]),
    ),
    operations: Object.assign({}, ...parts.map(({ operations }) => operations)) as Record<
      string,
      AsyncApiOperation
    >,
    components: {
      messages: Object.assign({}, ...parts.map(({ messages }) => messages)) as Record<
        string,
        AsyncApiMessage
      >,
      schemas: {
        ...schemas,
        HandshakeRefusal: {
          type: 'object',
          properties: { message: { type: 'string' }, data: typeLink('ErrorBody') },
          required: ['message'],
        },
      },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'The access token as `auth: { token }` of the handshake, or as `Authorization: Bearer <token>`',
        },
      },
    },
  };
};
