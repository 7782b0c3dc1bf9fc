import { describe, expect, it } from '@jest/globals';
import Ajv2020 from 'ajv/dist/2020.js';
import Joi from 'joi';
import { createOpenApi } from './openapi.js';
import { toJsonSchema } from './json-schema.js';
import { route } from './route.js';

const handle = () => Promise.resolve(undefined);
const compile = (schema: Joi.Schema, mode: 'input' | 'output' = 'input') => {
  const { schema: json } = toJsonSchema(schema, mode);
  return { json, accepts: new Ajv2020.default({ strict: false }).compile(json) };
};

describe('toJsonSchema', () => {
  it.each([
    ['or', Joi.object({ a: 1, b: 2 }).or('a', 'b'), [{ a: 1 }, { a: 1, b: 2 }], [{}]],
    ['xor', Joi.object({ a: 1, b: 2 }).xor('a', 'b'), [{ a: 1 }], [{}, { a: 1, b: 2 }]],
    ['oxor', Joi.object({ a: 1, b: 2 }).oxor('a', 'b'), [{}, { a: 1 }], [{ a: 1, b: 2 }]],
    ['and', Joi.object({ a: 1, b: 2 }).and('a', 'b'), [{}, { a: 1, b: 2 }], [{ a: 1 }]],
    ['nand', Joi.object({ a: 1, b: 2 }).nand('a', 'b'), [{}, { a: 1 }], [{ a: 1, b: 2 }]],
    ['with', Joi.object({ a: 1, b: 2 }).with('a', 'b'), [{}, { b: 2 }], [{ a: 1 }]],
    ['without', Joi.object({ a: 1, b: 2 }).without('a', 'b'), [{ a: 1 }], [{ a: 1, b: 2 }]],
    ['null enum', Joi.string().valid('x', null), ['x', null], ['y', 1]],
    ['allow null', Joi.object({ a: 1 }).allow(null), [null, { a: 1 }], [1]],
    ['unknown members', Joi.object({ a: 1 }), [{}], [{ b: 1 }]],
    ['open object', Joi.object({ a: 1 }).unknown(true), [{ b: 1 }], [[]]],
    ['map', Joi.object().pattern(Joi.string(), Joi.number()), [{ b: 1 }], [{ b: 'x' }]],
    ['forbidden', Joi.object({ a: Joi.forbidden() }), [{}], [{ a: 1 }]],
    ['ignoring case', Joi.string().pattern(/^x$/i), ['x', 'X'], [1]],
    ['alternatives', Joi.alternatives(Joi.string(), Joi.number()), ['x', 1], [true]],
    ['list', Joi.array().items(Joi.string().valid('a', null)), [['a', null], []], [['b'], 'a']],
  ])('agrees with Joi about %s', (_name, schema, good, bad) => {
    const { accepts } = compile(schema);
    for (const value of good) {
      expect(schema.validate(value).error).toBeUndefined();
      expect(accepts(value)).toBe(true);
    }
    for (const value of bad) {
      expect(schema.validate(value).error).toBeDefined();
      expect(accepts(value)).toBe(false);
    }
  });

  it('carries examples and descriptions of nested members', () => {
    const schema = Joi.object({
      list: Joi.array().items(Joi.string().example('x').description('y')),
    });
    expect(compile(schema).json).toMatchObject({
      properties: { list: { items: { examples: ['x'], description: 'y' } } },
    });
  });

  it('takes named schemas out, once, with null where they are used', () => {
    const person = Joi.object({ name: Joi.string().example('Ada') }).id('Person');
    const { schema, named } = toJsonSchema(
      Joi.object({
        a: Joi.array().items(person),
        b: person.allow(null).description('or nobody'),
      }),
      'output',
    );
    const reference = { $ref: '#/components/schemas/Person' };
    expect(schema.properties).toEqual({
      a: { type: 'array', items: reference },
      b: { anyOf: [reference, { type: 'null' }], description: 'or nobody' },
    });
    expect(named).toMatchObject({
      Person: { type: 'object', properties: { name: { examples: ['Ada'] } } },
    });
  });

  it('refuses one name for two schemas', () => {
    const schema = Joi.object({
      a: Joi.array().items(Joi.object({ x: Joi.string() }).id('Thing')),
      b: Joi.object({ y: Joi.string() }).id('Thing'),
    });
    expect(() => toJsonSchema(schema, 'input')).toThrow('Thing');
  });

  it('requires members with a default only in what clients receive', () => {
    const schema = Joi.object({ limit: Joi.number().default(50) });
    expect(compile(schema, 'input').json.required).toBeUndefined();
    expect(compile(schema, 'output').json.required).toEqual(['limit']);
  });
});

describe('createOpenApi', () => {
  const routes = [
    route({
      method: 'post',
      path: '/api/chats/:chatId/accept',
      summary: 'Accept a request',
      tag: 'Chats',
      auth: 'user',
      params: Joi.object({ chatId: Joi.string().length(24).required() }),
      query: Joi.object({ page: Joi.number().integer().default(1) }),
      body: Joi.object({ note: Joi.string().required() }),
      response: Joi.object({ id: Joi.string().required() }),
      paginated: true,
      status: 201,
      handle,
    }),
    route({
      method: 'post',
      path: '/api/media',
      summary: 'Upload',
      tag: 'Media',
      auth: 'user',
      files: { files: { description: 'The files', multiple: true } },
      body: Joi.object({ folder: Joi.string() }),
      response: Joi.array().items(Joi.string()),
      handle,
    }),
    route({ method: 'get', path: '/media/:id', summary: 'x', tag: 'Media', auth: 'none', handle }),
  ];
  const document = createOpenApi(routes, '1.2.3', [], {
    operations: {
      'post /api/chats/:chatId/accept': { description: 'Opens the chat.', codes: ['CONFLICT'] },
    },
    tags: { Chats: 'Direct chats' },
    parameters: { chatId: 'Id of the chat' },
    examples: {
      'post /api/chats/:chatId/accept': {
        params: { chatId: '665f1c2e9b1e8a3d4c000001' },
        query: { page: '2' },
        body: { note: 'Gladly' },
        status: 201,
        answer: { success: true, data: { id: '665f1c2e9b1e8a3d4c000001' } },
      },
    },
  });
  const accept = document.paths['/api/chats/{chatId}/accept']?.post;

  it('describes path, query and body from their schemas', () => {
    expect(accept?.operationId).toBe('postApiChatsByChatIdAccept');
    expect(accept?.parameters).toEqual([
      {
        name: 'chatId',
        in: 'path',
        required: true,
        description: 'Id of the chat',
        example: '665f1c2e9b1e8a3d4c000001',
        schema: { type: 'string', minLength: 24, maxLength: 24 },
      },
      {
        name: 'page',
        in: 'query',
        required: false,
        example: 2,
        schema: { type: 'integer', default: 1 },
      },
    ]);
    expect(accept?.requestBody).toMatchObject({
      required: true,
      content: {
        'application/json': { schema: { required: ['note'] }, example: { note: 'Gladly' } },
      },
    });
    expect(accept?.security).toEqual([{ bearer: [] }]);
  });

  it('wraps the answer in the envelope, and lists the errors by status', () => {
    expect(accept?.responses['201']).toMatchObject({
      content: {
        'application/json': {
          schema: {
            required: ['success', 'data', 'pagination'],
            additionalProperties: false,
            properties: { data: { properties: { id: { type: 'string' } } } },
          },
        },
      },
    });
    const conflict = accept?.responses['409']?.$ref as string;
    expect(conflict).toBe('#/components/responses/Error409.CONFLICT');
    expect(document.components.responses?.['Error409.CONFLICT']).toMatchObject({
      description: 'CONFLICT',
      content: { 'application/problem+json': {} },
    });
    expect(Object.keys(accept?.responses ?? {})).toEqual(
      expect.arrayContaining(['400', '401', '403', '404', '409', '429', '500', '503']),
    );
  });

  it('says what an operation does, who may, and what its tag is for', () => {
    expect(accept?.description).toBe('Opens the chat.\n\n**Who may:** Whoever is signed in.');
    expect(document.tags).toEqual([
      { name: 'Chats', description: 'Direct chats' },
      { name: 'Media' },
    ]);
  });

  it('describes uploads as multipart forms and streams as binary', () => {
    expect(document.paths['/api/media']?.post?.requestBody).toMatchObject({
      content: {
        'multipart/form-data': {
          schema: {
            properties: {
              folder: { type: 'string' },
              files: { type: 'array', items: { format: 'binary' } },
            },
          },
        },
      },
    });
    expect(document.paths['/media/{id}']?.get?.responses['200']).toMatchObject({
      content: { 'application/octet-stream': {} },
    });
    expect(document.paths['/media/{id}']?.get?.security).toEqual([]);
  });

  it('refuses a route that is declared twice', () => {
    expect(() => createOpenApi([...routes, routes[0]!], '1')).toThrow('declared twice');
  });
});
