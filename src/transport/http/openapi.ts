import { isDeepStrictEqual } from 'node:util';
import type Joi from 'joi';
import { ERROR_STATUS } from '../../shared/errors.js';
import type { ErrorCode } from '../../shared/errors.js';
import type { JsonSchema } from './json-schema.js';
import { toJsonSchema } from './json-schema.js';
import type { AnyRoute } from './route.js';

/** An OpenAPI 3.1 document, as far as its readers here look into it. */
export interface OpenApiDocument {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  tags: { name: string }[];
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
}

/** One route in the document. */
export interface OpenApiOperation {
  operationId: string;
  summary: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: JsonSchema[];
  requestBody?: JsonSchema;
  responses: Record<string, JsonSchema>;
}

const DESCRIPTION = [
  'REST side of Parley. Success is `{success: true, data, pagination?}`; failure is',
  '`{success: false, code, message, requestId, errors?, retryAfter?, details?, challenge?}` with the matching status, or the',
  'same members in an RFC 9457 problem when the request accepts `application/problem+json`.',
].join(' ');

/** The document's form of an Express path: `/api/chats/:chatId` → `/api/chats/{chatId}`. */
export const documentPath = (path: string): string => path.replace(/:(\w+)/g, '{$1}');

/** Name of an operation, from its method and path: `getApiChatsByChatId`. */
const operationId = ({ method, path }: AnyRoute): string =>
  method +
  path
    .split('/')
    .filter(Boolean)
    .map((part) => (part.startsWith(':') ? `By-${part.slice(1)}` : part))
    .flatMap((part) => part.split(/[^A-Za-z0-9]+/))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** Collects the named schemas, which must mean the same wherever they occur. */
class Components {
  readonly schemas: Record<string, JsonSchema> = { ...SHARED_SCHEMAS };

  convert(...[schema, mode]: Parameters<typeof toJsonSchema>): JsonSchema {
    const converted = toJsonSchema(schema, mode);
    for (const [name, named] of Object.entries(converted.named)) {
      const known = this.schemas[name];
      if (known && !isDeepStrictEqual(known, named)) {
        throw new Error(`Two different schemas have the id '${name}'`);
      }
      this.schemas[name] = named;
    }
    return converted.schema;
  }
}

const properties = (schema: JsonSchema): Record<string, JsonSchema> =>
  (schema.properties ?? {}) as Record<string, JsonSchema>;
const required = (schema: JsonSchema): string[] => (schema.required ?? []) as string[];

const IDEMPOTENCY_KEY: JsonSchema = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Of calls under one such key, for 24 hours the first alone is done; the others get its answer',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};

const parameters = (route: AnyRoute, components: Components): JsonSchema[] => {
  const fromPath = route.params ? properties(components.convert(route.params, 'input')) : {};
  const names = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');
  const query = route.query ? components.convert(route.query, 'input') : {};
  return [
    ...names.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: fromPath[name] ?? { type: 'string' },
    })),
    ...Object.entries(properties(query)).map(([name, schema]) => ({
      name,
      in: 'query',
      required: required(query).includes(name),
      schema,
    })),
    ...(route.auth === 'server' && route.method !== 'get' ? [IDEMPOTENCY_KEY] : []),
  ];
};

const requestBody = (route: AnyRoute, components: Components): JsonSchema | undefined => {
  const body = route.body && components.convert(route.body, 'input');
  if (!route.files) {
    if (!body) return undefined;
    const isRequired = required(body).length > 0 || body.allOf !== undefined;
    return { required: isRequired, content: { 'application/json': { schema: body } } };
  }
  const files = Object.entries(route.files).map(([name, { description, multiple }]) => {
    const file = { type: 'string', format: 'binary' };
    return [
      name,
      multiple ? { type: 'array', items: file, description } : { ...file, description },
    ];
  });
  const schema = {
    type: 'object',
    additionalProperties: false,
    ...body,
    properties: { ...(body && properties(body)), ...Object.fromEntries(files) },
  };
  return { required: true, content: { 'multipart/form-data': { schema } } };
};

const success = (route: AnyRoute, components: Components): Record<string, JsonSchema> => {
  const status = String(route.status ?? 200);
  if (!route.response) {
    const binary = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
    return {
      [status]: { description: 'The content itself', content: binary },
      206: { description: 'The part that the Range header asked for', content: binary },
      302: { description: 'The content lies at the address in the Location header' },
    };
  }
  const extra = Object.entries(route.extra ?? {}).map(([name, schema]) => [
    name,
    components.convert(schema, 'output'),
  ]);
  const schema = {
    type: 'object',
    properties: {
      success: { const: true },
      message: { type: 'string', description: 'For people; not meant to be parsed' },
      data: components.convert(route.response, 'output'),
      ...(route.paginated && { pagination: { $ref: '#/components/schemas/Pagination' } }),
      ...Object.fromEntries(extra),
    },
    required: ['success', 'data', ...(route.paginated ? ['pagination'] : [])],
    additionalProperties: false,
  };
  const answer = { description: 'Done', content: { 'application/json': { schema } } };
  return Object.fromEntries([status, ...(route.otherStatuses ?? [])].map((code) => [code, answer]));
};

const STATUSES = [...new Set(Object.values<number>(ERROR_STATUS))].sort((a, b) => a - b);
const codesOf = (status: number): string[] =>
  Object.keys(ERROR_STATUS).filter((code) => ERROR_STATUS[code as ErrorCode] === status);

/** Whether a route can fail with the status; every route can fail in the server's own ways. */
const canFailWith = (route: AnyRoute, status: number): boolean => {
  const takesInput = Boolean(route.body ?? route.files);
  // Without a token, what is sent (a password, a refresh token) may still be refused.
  if (status === 401 || status === 403) return route.auth !== 'none' || takesInput;
  if (status === 409) return route.method !== 'get';
  if (status === 410) return route.auth !== 'none' || takesInput;
  if (status === 413 || status === 415) return takesInput;
  // A file that is unsafe, and a message that the pre-send hook refuses.
  if (status === 422) return takesInput;
  return true;
};

const failures = (route: AnyRoute): Record<string, JsonSchema> =>
  Object.fromEntries(
    STATUSES.filter((status) => canFailWith(route, status)).map((status) => [
      status,
      { $ref: `#/components/responses/Error${status}` },
    ]),
  );

const errorSchema = (codes: string[]): JsonSchema => ({
  type: 'object',
  properties: {
    success: { const: false },
    message: { type: 'string' },
    code: { enum: codes },
    requestId: { type: 'string' },
    errors: { type: 'array', items: { $ref: '#/components/schemas/FieldError' } },
    retryAfter: { type: 'number', description: 'Seconds after which a retry may succeed' },
    details: { $ref: '#/components/schemas/RefusalDetails' },
    challenge: { type: 'string', description: 'Of TOTP_REQUIRED: for POST /api/auth/totp' },
  },
  required: ['success', 'message', 'code', 'requestId'],
  additionalProperties: false,
});

/** The same error with the members that RFC 9457 names. */
const problemSchema = (status: number): JsonSchema => {
  const schema = errorSchema(codesOf(status));
  return {
    ...schema,
    properties: {
      type: { const: 'about:blank' },
      title: { type: 'string' },
      status: { const: status },
      detail: { type: 'string' },
      instance: { type: 'string' },
      ...properties(schema),
    },
    required: [...required(schema), 'type', 'title', 'status', 'detail', 'instance'],
  };
};

const errorResponses = (): Record<string, JsonSchema> =>
  Object.fromEntries(
    STATUSES.map((status) => [
      `Error${status}`,
      {
        description: codesOf(status).join(', '),
        content: {
          'application/json': { schema: errorSchema(codesOf(status)) },
          'application/problem+json': { schema: problemSchema(status) },
        },
      },
    ]),
  );

const SHARED_SCHEMAS: Record<string, JsonSchema> = {
  ErrorCode: { type: 'string', enum: Object.keys(ERROR_STATUS) },
  Error: errorSchema(Object.keys(ERROR_STATUS)),
  FieldError: {
    type: 'object',
    properties: {
      path: { type: 'string', description: 'Dotted, as in `media.0.url`' },
      message: { type: 'string' },
    },
    required: ['path', 'message'],
    additionalProperties: false,
  },
  RefusalDetails: {
    type: 'object',
    description: 'Why a file is refused, and the number of bytes, pixels or frames that it exceeds',
    properties: {
      reason: { enum: ['type', 'damage', 'size', 'pixels', 'frames', 'time'] },
      limit: { type: 'number' },
    },
    required: ['reason'],
    additionalProperties: false,
  },
  Pagination: {
    type: 'object',
    properties: {
      page: { type: 'integer', minimum: 1 },
      limit: { type: 'integer', minimum: 1 },
      total: { type: 'integer', minimum: 0 },
      hasMore: { type: 'boolean' },
    },
    required: ['page', 'limit', 'total', 'hasMore'],
    additionalProperties: false,
  },
};

/** Under a server key, the list names the scope that it needs. */
const securityOf = ({ auth, scope }: AnyRoute): Record<string, string[]>[] => {
  if (auth === 'none') return [];
  return [auth === 'server' ? { serverKey: scope === undefined ? [] : [scope] } : { bearer: [] }];
};

const operation = (route: AnyRoute, components: Components): OpenApiOperation => {
  const all = parameters(route, components);
  const body = requestBody(route, components);
  return {
    operationId: operationId(route),
    summary: route.summary,
    tags: [route.tag],
    security: securityOf(route),
    ...(all.length > 0 && { parameters: all }),
    ...(body && { requestBody: body }),
    responses: { ...success(route, components), ...failures(route) },
  };
};

const webhook = ({ type, summary, data }: DocumentedEvent, components: Components): JsonSchema => ({
  summary,
  parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => ({
    name,
    in: 'header',
    required: true,
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
  responses: {
    '2XX': { description: 'It has arrived' },
    410: { description: 'Nothing is wanted any more: the webhook is disabled' },
  },
});

/**
 * Describes the routes as an OpenAPI 3.1 document, from the very schemas that validate.
 *
 * @throws when two routes share a method and path, or two different schemas a name.
 */
export const createOpenApi = (
  routes: AnyRoute[],
  version: string,
  events: readonly DocumentedEvent[] = [],
): OpenApiDocument => {
  const components = new Components();
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    const path = (paths[documentPath(route.path)] ??= {});
    if (path[route.method]) throw new Error(`${route.method} ${route.path} is declared twice`);
    path[route.method] = operation(route, components);
  }
  const webhooks = Object.fromEntries(
    events.map((event) => [event.type, { post: webhook(event, components) }]),
  );
  return {
    openapi: '3.1.0',
    info: { title: 'Parley', version, description: DESCRIPTION },
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    webhooks,
    components: {
      schemas: components.schemas,
      responses: errorResponses(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        serverKey: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'parley_sk_…',
          description: 'A server key; the operation names the scope that it must have',
        },
      },
    },
  };
};
