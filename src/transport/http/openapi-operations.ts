import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from './json-schema.js';
import { toJsonSchema } from './json-schema.js';
import type { Documentation, OperationExample } from './operation-notes.js';
import { ERROR_SCHEMAS, ErrorResponses, codesOf } from './openapi-errors.js';
import type { AnyRoute } from './route.js';

/** One route in the document. */
export interface OpenApiOperation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: JsonSchema[];
  requestBody?: JsonSchema;
  responses: Record<string, JsonSchema>;
}

/** Name of a route in the tables of notes and examples: `post /api/chats/:chatId/accept`. */
export const routeName = ({ method, path }: AnyRoute): string => `${method} ${path}`;

const PAGINATION: JsonSchema = {
  type: 'object',
  properties: {
    page: { type: 'integer', minimum: 1 },
    limit: { type: 'integer', minimum: 1 },
    total: { type: 'integer', minimum: 0 },
    hasMore: { type: 'boolean' },
  },
  required: ['page', 'limit', 'total', 'hasMore'],
  additionalProperties: false,
};

/** Collects the named schemas, which must mean the same wherever they occur. */
export class Components {
  readonly schemas: Record<string, JsonSchema> = { ...ERROR_SCHEMAS, Pagination: PAGINATION };
  readonly errors = new ErrorResponses();

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

/** Headers of answers, by name. */
export const HEADERS: Record<string, JsonSchema> = {
  RateLimit: {
    description: 'What is left: `"user";r=599;t=900` are 599 requests for 900 more seconds',
    schema: { type: 'string' },
    example: '"user";r=599;t=900',
  },
  'RateLimit-Policy': {
    description: 'The limit that applies: `"user";q=600;w=900` are 600 requests in 900 seconds',
    schema: { type: 'string' },
    example: '"user";q=600;w=900',
  },
  'Retry-After': {
    description: 'Seconds after which a retry may succeed',
    schema: { type: 'integer', minimum: 0 },
    example: 12,
  },
  'WWW-Authenticate': { schema: { type: 'string' }, example: 'Bearer' },
  'Idempotency-Replayed': {
    description: 'There, and `true`, when this is the answer of an earlier call under the same key',
    schema: { type: 'string', const: 'true' },
  },
};

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

/** Routes whose writes an `Idempotency-Key` makes repeatable. */
const isRepeatable = ({ auth, method }: AnyRoute): boolean => auth === 'server' && method !== 'get';

const parameters = (
  route: AnyRoute,
  components: Components,
  { parameters: texts, examples }: Documentation,
): JsonSchema[] => {
  const example = examples[routeName(route)];
  const fromPath = route.params ? properties(components.convert(route.params, 'input')) : {};
  const names = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? '');
  const query = route.query ? components.convert(route.query, 'input') : {};
  const described = (name: string, { description, ...schema }: JsonSchema): JsonSchema => {
    const text = texts[`${routeName(route)} ${name}`] ?? description ?? texts[name];
    return { ...(text !== undefined && { description: text }), schema };
  };
  return [
    ...names.map((name) => ({
      name,
      in: 'path',
      required: true,
      ...described(name, fromPath[name] ?? { type: 'string' }),
      ...exampleOf(example?.params?.[name], fromPath[name]),
    })),
    ...Object.entries(properties(query)).map(([name, schema]) => ({
      name,
      in: 'query',
      required: required(query).includes(name),
      ...described(name, schema),
      ...exampleOf(example?.query?.[name], schema),
    })),
    ...(isRepeatable(route) ? [IDEMPOTENCY_KEY] : []),
  ];
};

/** An example as its schema has it: what addresses hold is text. */
const exampleOf = (text: string | undefined, schema: JsonSchema | undefined): JsonSchema => {
  if (text === undefined) return {};
  const isText =
    schema?.type !== 'integer' && schema?.type !== 'number' && schema?.type !== 'boolean';
  return { example: isText ? text : (JSON.parse(text) as unknown) };
};

const requestBody = (
  route: AnyRoute,
  components: Components,
  example: OperationExample | undefined,
): JsonSchema | undefined => {
  const body = route.body && components.convert(route.body, 'input');
  if (!route.files) {
    if (!body) return undefined;
    const isRequired = required(body).length > 0 || body.allOf !== undefined;
    const content = { schema: body, ...(example?.body && { example: example.body }) };
    return { required: isRequired, content: { 'application/json': content } };
  }
  const files = Object.entries(route.files).map(([name, { description, multiple }]) => {
    const file = { type: 'string', format: 'binary' };
    return [
      name,
      multiple ? { type: 'array', items: file, description } : { ...file, description },
    ];
  });
  // The documentation page fills forms in by the examples of their members.
  const texts = Object.fromEntries(
    Object.entries(body ? properties(body) : {}).map(([name, field]) => [
      name,
      { ...field, ...exampleOf(example?.fields?.[name], field) },
    ]),
  );
  const schema = {
    type: 'object',
    additionalProperties: false,
    ...body,
    properties: { ...texts, ...Object.fromEntries(files) },
    required: [...(body ? required(body) : []), ...Object.keys(route.files)],
  };
  return { required: true, content: { 'multipart/form-data': { schema } } };
};

const headersOf = (route: AnyRoute): Record<string, JsonSchema> =>
  Object.fromEntries(
    ['RateLimit', 'RateLimit-Policy', ...(isRepeatable(route) ? ['Idempotency-Replayed'] : [])].map(
      (name) => [name, { $ref: `#/components/headers/${name}` }],
    ),
  );

const success = (
  route: AnyRoute,
  components: Components,
  example: OperationExample | undefined,
): Record<string, JsonSchema> => {
  const status = String(route.status ?? 200);
  const headers = headersOf(route);
  if (!route.response) {
    const binary = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } };
    return {
      [status]: { description: 'The content itself', headers, content: binary },
      206: { description: 'The part that the Range header asked for', headers, content: binary },
      302: { description: 'The content lies at the address in the Location header', headers },
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
  return Object.fromEntries(
    [status, ...(route.otherStatuses ?? []).map(String)].map((code) => {
      const isRecorded = example?.answer !== undefined && String(example.status) === code;
      const content = { schema, ...(isRecorded && { example: example.answer }) };
      return [code, { description: 'Done', headers, content: { 'application/json': content } }];
    }),
  );
};

/** Under a server key, the list names the scope that it needs. */
const securityOf = ({ auth, scope }: AnyRoute): Record<string, string[]>[] => {
  if (auth === 'none') return [];
  if (auth === 'server') return [{ serverKey: scope === undefined ? [] : [scope] }];
  return [{ [auth === 'admin' ? 'admin' : 'bearer']: [] }];
};

const CALLERS = {
  none: 'Anybody, without a token.',
  user: 'Whoever is signed in.',
  admin: 'Admins of the server.',
  server: 'Whoever has a server key',
};

/** Who may call a route at all, as a sentence. */
export const callerOf = ({ auth, scope }: AnyRoute): string =>
  scope === undefined ? CALLERS[auth] : `${CALLERS[auth]} with the scope \`${scope}\`.`;

const descriptionOf = (route: AnyRoute, text: string): string => {
  const allowance =
    route.userLimit && route.auth !== 'server'
      ? ` Counts against the allowance \`${route.userLimit}\`.`
      : '';
  return `${text}\n\n**Who may:** ${callerOf(route)}${allowance}`;
};

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

/** Describes one route, and puts what it shares with others among the components. */
export const describeOperation = (
  route: AnyRoute,
  components: Components,
  documentation: Documentation,
): OpenApiOperation => {
  const note = documentation.operations[routeName(route)];
  const example = documentation.examples[routeName(route)];
  const all = parameters(route, components, documentation);
  const body = requestBody(route, components, example);
  return {
    operationId: operationId(route),
    summary: route.summary,
    description: descriptionOf(route, note?.description ?? route.summary),
    tags: [route.tag],
    security: securityOf(route),
    ...(all.length > 0 && { parameters: all }),
    ...(body && { requestBody: body }),
    responses: {
      ...success(route, components, example),
      ...components.errors.for(codesOf(route, note?.codes)),
    },
  };
};
