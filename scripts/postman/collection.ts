import type { OpenApiDocument, OpenApiOperation } from '../../src/transport/http/openapi.js';
import { documentPath } from '../../src/transport/http/openapi.js';
import { ERROR_STATUS } from '../../src/shared/errors.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import type { JsonSchema } from '../../src/transport/http/json-schema.js';
import { administration, moderation, server, webhooks } from './admin.steps.js';
import { chats, dialects, files, groups, messages } from './chats.steps.js';
import { accounts, farewell, start, users } from './people.steps.js';
import type { Caller, Chapter, Step } from './step.js';

/** The chapters in the order in which they run. */
export const CHAPTERS: Chapter[] = [
  start,
  accounts,
  users,
  chats,
  messages,
  files,
  groups,
  dialects,
  administration,
  moderation,
  webhooks,
  server,
  farewell,
];

/** A Postman collection, format 2.1, as far as it is written here. */
export interface Collection {
  info: { name: string; description: string; schema: string };
  variable: { key: string; value: string; description?: string }[];
  item: { name: string; description: string; item: CollectionItem[] }[];
}

/** A request of a collection. */
export interface CollectionItem {
  id: string;
  name: string;
  event: { listen: 'prerequest' | 'test'; script: { type: string; exec: string[] } }[];
  request: Record<string, unknown>;
}

const CALLERS: Record<string, Caller> = { bearer: 'ada', admin: 'admin', serverKey: 'key' };

/** The operation of a step. */
export const operationOf = ({ paths }: OpenApiDocument, { call }: Step): OpenApiOperation => {
  const [method = '', path = ''] = call.split(' ');
  const operation = paths[documentPath(path)]?.[method];
  if (!operation) throw new Error(`${call} is not in the specification`);
  return operation;
};

/** Who makes a step's request. */
export const callerOf = (document: OpenApiDocument, step: Step): Caller => {
  const [scheme] = operationOf(document, step).security.flatMap((entry) => Object.keys(entry));
  return step.by ?? CALLERS[scheme ?? ''] ?? 'nobody';
};

const pathOf = ({ call, params = {} }: Step): string =>
  call.split(' ')[1]!.replace(/:(\w+)/g, (_, name: string) => params[name] ?? `{{${name}}}`);

const urlOf = (step: Step): Record<string, unknown> => {
  const path = pathOf(step);
  const query = Object.entries(step.query ?? {}).map(([key, value]) => ({ key, value }));
  const search = query.map(({ key, value }) => `${key}=${value}`).join('&');
  return {
    raw: `{{baseUrl}}${path}${search && `?${search}`}`,
    host: ['{{baseUrl}}'],
    path: path.split('/').slice(1),
    ...(query.length > 0 && { query }),
  };
};

const bodyOf = ({ body, fields = {}, files: attached }: Step): Record<string, unknown> => {
  if (attached) {
    const formdata = [
      ...Object.entries(fields).map(([key, value]) => ({ key, type: 'text', value })),
      ...Object.entries(attached).map(([key, src]) => ({ key, type: 'file', src })),
    ];
    return { body: { mode: 'formdata', formdata } };
  }
  if (!body) return {};
  const raw = JSON.stringify(body, null, 2);
  return { body: { mode: 'raw', raw, options: { raw: { language: 'json' } } } };
};

const authOf = (caller: Caller): Record<string, unknown> =>
  caller === 'nobody'
    ? { type: 'noauth' }
    : { type: 'bearer', bearer: [{ key: 'token', type: 'string', value: `{{${caller}Token}}` }] };

const dereferenced = (document: OpenApiDocument, schema: JsonSchema | undefined): JsonSchema => {
  const name = (schema?.$ref as string | undefined)?.split('/').pop();
  return name === undefined ? (schema ?? {}) : (document.components.schemas?.[name] ?? {});
};

/** Lines that check the shape of `data` by its schema. */
const shapeChecks = (document: OpenApiDocument, data: JsonSchema | undefined): string[] => {
  const schema = dereferenced(document, data);
  if (schema.type === 'array') return ["  pm.expect(body.data).to.be.an('array');"];
  const required = schema.required as string[] | undefined;
  if (schema.type !== 'object' || !required?.length) return [];
  return [`  pm.expect(body.data).to.include.all.keys(${JSON.stringify(required)});`];
};

const successChecks = (document: OpenApiDocument, operation: OpenApiOperation): string[] => {
  const statuses = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
  const content = operation.responses[statuses[0]!]?.content as
    Record<string, { schema: { properties: Record<string, JsonSchema> } }> | undefined;
  const schema = content?.['application/json']?.schema;
  const status = [
    `pm.test('succeeds', () => pm.expect(pm.response.code).to.be.oneOf([${statuses.join(', ')}]));`,
  ];
  if (!schema) {
    return [
      ...status,
      "pm.test('answers content', () => pm.expect(pm.response.responseSize).to.be.above(0));",
    ];
  }
  return [
    ...status,
    'const body = pm.response.json();',
    "pm.test('answers what the specification says', () => {",
    '  pm.expect(body.success).to.equal(true);',
    ...shapeChecks(document, schema.properties.data),
    ...(schema.properties.pagination
      ? ["  pm.expect(body.pagination).to.include.all.keys(['page', 'limit', 'total', 'hasMore']);"]
      : []),
    '});',
  ];
};

const failureChecks = (code: string): string[] => [
  `pm.test('answers ${code}', () => {`,
  `  pm.response.to.have.status(${ERROR_STATUS[code as ErrorCode]});`,
  `  pm.expect(pm.response.json().code).to.equal('${code}');`,
  '});',
  'const body = pm.response.json();',
];

const eventsOf = (document: OpenApiDocument, step: Step): CollectionItem['event'] => {
  const checks =
    step.code === undefined
      ? successChecks(document, operationOf(document, step))
      : failureChecks(step.code);
  const saves = Object.entries(step.saves ?? {}).map(
    ([name, path]) => `pm.collectionVariables.set('${name}', body.${path});`,
  );
  const script = (exec: string[]) => ({ type: 'text/javascript', exec });
  return [
    ...(step.before ? [{ listen: 'prerequest' as const, script: script(step.before) }] : []),
    { listen: 'test', script: script([...checks, ...saves]) },
  ];
};

const itemOf = (document: OpenApiDocument, step: Step, id: string): CollectionItem => {
  const operation = operationOf(document, step);
  const caller = callerOf(document, step);
  const expected = step.code === undefined ? '' : ` → ${step.code}`;
  return {
    id,
    name: `${operation.summary}${caller === 'nobody' ? '' : ` (${caller})`}${expected}`,
    event: eventsOf(document, step),
    request: {
      method: step.call.split(' ')[0]!.toUpperCase(),
      description: operation.description,
      auth: authOf(caller),
      header: step.body ? [{ key: 'Content-Type', value: 'application/json' }] : [],
      ...bodyOf(step),
      url: urlOf(step),
    },
  };
};

/** The steps in their order, each with the id of its request in the collection. */
export const stepsById = (): Map<string, Step> =>
  new Map(
    CHAPTERS.flatMap(({ steps }, chapter) =>
      steps.map((step, at): [string, Step] => [`${chapter + 1}.${at + 1}`, step]),
    ),
  );

const DESCRIPTION = [
  'Every operation of Parley, in an order in which all of them succeed on a fresh server that has an admin.',
  'Set `baseUrl`, `adminUsername` and `adminPassword`, then run the collection from top to bottom.',
  'Generated by `npm run generate`; see docs/postman.md.',
].join(' ');

/** The collection of all chapters. */
export const createCollection = (document: OpenApiDocument): Collection => {
  const ids = new Map([...stepsById()].map(([id, step]) => [step, id]));
  return {
    info: {
      name: 'Parley',
      description: DESCRIPTION,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: [
      { key: 'baseUrl', value: 'http://localhost:8000', description: 'Address of the server' },
      { key: 'adminUsername', value: 'boss', description: 'ADMIN_USERNAME of the server' },
      { key: 'adminPassword', value: 'change-me-please', description: 'ADMIN_PASSWORD' },
    ],
    item: CHAPTERS.map(({ name, description, steps }) => ({
      name,
      description,
      item: steps.map((step) => itemOf(document, step, ids.get(step)!)),
    })),
  };
};
