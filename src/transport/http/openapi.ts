import type Joi from 'joi';
import type { JsonSchema } from './json-schema.js';
import type { OpenApiOperation } from './openapi-operations.js';
export type { OpenApiOperation } from './openapi-operations.js';
import { Components, HEADERS, describeOperation } from './openapi-operations.js';
import type { Documentation } from './operation-notes.js';
import { NO_DOCUMENTATION } from './operation-notes.js';
import type { AnyRoute } from './route.js';

/** An OpenAPI 3.1 document, as far as its readers here look into it. */
export interface OpenApiDocument {
  openapi: '3.1.0';
  info: JsonSchema & { title: string; version: string; description: string };
  servers: { url: string; description: string }[];
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: Record<string, Record<string, JsonSchema>>;
  /** What the server sends to webhooks, by the type of the event. */
  webhooks: Record<string, { post: JsonSchema }>;
}

/** An event as webhooks get it, for the document. */
export interface DocumentedEvent {
  type: string;
  summary: string;
  /** The `data` member of its payload. */
  data: Joi.Schema;
  /** To whom it is sent; absent for events that webhooks name. */
  description?: string;
  /** What the receiver answers; absent where the status says everything. */
  answer?: Joi.Schema;
}

const DESCRIPTION = [
  'REST side of Parley. Success is `{success: true, data, pagination?}`; failure is',
  '`{success: false, code, message, requestId, errors?, retryAfter?, details?, challenge?, until?, reason?}` with',
  'the matching status, or the same members in an RFC 9457 problem when the request accepts',
  '`application/problem+json`. Branch on `code`: the list only grows, and a code keeps its meaning.',
].join(' ');

const SECURITY: Record<string, JsonSchema> = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a user: of POST /api/auth/login, or of a configured issuer',
  },
  admin: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a user who is an admin now',
  },
  serverKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'parley_sk_…',
    description: 'A server key; the operation names the scope that it must have',
  },
};

const SIGNATURE: Record<string, string> = {
  'webhook-id': 'Id of the event: the same in every attempt to deliver it',
  'webhook-timestamp': 'When it was sent, in seconds since 1970; refuse what is old',
  'webhook-signature': 'Signatures as Standard Webhooks are made, by the secret of the webhook',
};

/** The document's form of an Express path: `/api/chats/:chatId` → `/api/chats/{chatId}`. */
export const documentPath = (path: string): string => path.replace(/:(\w+)/g, '{$1}');

const operationIdOf = (type: string): string =>
  `on${type.replace(/(^|[._])(\w)/g, (_, __, letter: string) => letter.toUpperCase())}`;

const webhook = (
  { type, summary, data, description, answer }: DocumentedEvent,
  components: Components,
): JsonSchema => ({
  operationId: operationIdOf(type),
  summary,
  description: `${summary}. ${
    description ?? `Sent to the webhooks that name \`${type}\`, signed, at least once and in order.`
  }`,
  tags: ['Admin'],
  security: [],
  parameters: Object.entries(SIGNATURE).map(([name, description]) => ({
    name,
    in: 'header',
    required: true,
    description,
    schema: { type: 'string' },
  })),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            type: { const: type },
            timestamp: { type: 'string', format: 'date-time' },
            data: components.convert(data, 'output'),
          },
          required: ['type', 'timestamp', 'data'],
        },
      },
    },
  },
  responses: answer
    ? {
        200: {
          description: 'The answer',
          content: { 'application/json': { schema: components.convert(answer, 'input') } },
        },
      }
    : {
        '2XX': { description: 'It has arrived' },
        410: { description: 'Nothing is wanted any more: the webhook is disabled' },
      },
});

/**
 * Describes the routes as an OpenAPI 3.1 document, from the very schemas that validate.
 *
 * @param documentation the texts that no schema holds.
 * @throws when two routes share a method and path, or two different schemas a name.
 */
export const createOpenApi = (
  routes: AnyRoute[],
  version: string,
  events: readonly DocumentedEvent[] = [],
  documentation: Documentation = NO_DOCUMENTATION,
): OpenApiDocument => {
  const components = new Components();
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    const path = (paths[documentPath(route.path)] ??= {});
    if (path[route.method]) throw new Error(`${route.method} ${route.path} is declared twice`);
    path[route.method] = describeOperation(route, components, documentation);
  }
  const webhooks = Object.fromEntries(
    events.map((event) => [event.type, { post: webhook(event, components) }]),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Parley',
      version,
      description: DESCRIPTION,
      contact: { name: 'Whoever runs this server' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The server that serves this document' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => {
      const description = documentation.tags[name];
      return { name, ...(description !== undefined && { description }) };
    }),
    paths,
    webhooks,
    components: {
      schemas: components.schemas,
      responses: components.errors.responses,
      headers: HEADERS,
      securitySchemes: SECURITY,
    },
  };
};
