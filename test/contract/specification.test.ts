/**
 * The specification itself, without a server: whether the usual linters find it right, and whether it says of every
 * operation what readers need.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore from '@stoplight/spectral-core';
import type { RulesetDefinition } from '@stoplight/spectral-core';
import spectralParsers from '@stoplight/spectral-parsers';
import spectralRulesets from '@stoplight/spectral-rulesets';
import { documentation } from '../../src/api/documentation/index.js';
import { documentPath } from '../../src/transport/http/openapi.js';
import type { OpenApiDocument } from '../../src/transport/http/openapi.js';

const FILE = resolve('docs/openapi.json');

/** Rules whose warnings stay, with the reason. */
const ACCEPTED: Record<string, string> = {
  'no-required-schema-properties-undefined':
    'A rule between members names them where they are not defined anew: `not: {required: […]}`',
  'oas3-operation-security-defined':
    'Under a server key the list names the scope, as OpenAPI 3.1 allows for every kind of scheme',
};

let text: string;
let document: OpenApiDocument;
beforeAll(async () => {
  text = await readFile(FILE, 'utf8');
  document = JSON.parse(text) as OpenApiDocument;
});

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method} ${path}`,
      operation,
    })),
  );

/** Members of a schema that are no schemas themselves. */
const VALUES = new Set(['example', 'examples', 'const', 'enum', 'default', 'headers', 'required']);

/** Where in the schema a value may be anything at all. */
const emptySchemas = (schema: unknown, where: string): string[] => {
  if (Array.isArray(schema))
    return schema.flatMap((part, at) => emptySchemas(part, `${where}/${at}`));
  if (typeof schema !== 'object' || schema === null) return [];
  const isList = where.endsWith('/properties') || where.endsWith('/patternProperties');
  if (Object.keys(schema).length === 0 && !isList) return [where];
  return Object.entries(schema)
    .filter(([key]) => isList || !VALUES.has(key))
    .flatMap(([key, part]) => emptySchemas(part, `${where}/${key}`));
};

describe('the specification', () => {
  it('has no error and no unexplained warning by the recommended rules of Redocly', async () => {
    const config = await createConfig({ extends: ['recommended'] });
    const problems = await lintFromString({ source: text, absoluteRef: FILE, config });
    const open = problems.filter(
      ({ ruleId, severity }) => severity === 'error' || !(ruleId in ACCEPTED),
    );
    expect(open.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });

  it('has no error and no unexplained warning by the recommended rules of Spectral', async () => {
    const spectral = new spectralCore.Spectral();
    // Its own types do not take its own ruleset, whose definition has no member `extends`.
    const oas = spectralRulesets.oas as unknown as RulesetDefinition;
    spectral.setRuleset({ extends: [[oas, 'recommended']] });
    const problems = await spectral.run(
      new spectralCore.Document(text, spectralParsers.Json, FILE),
    );
    const open = problems.filter(
      ({ code, severity }) => Number(severity) === 0 || !(String(code) in ACCEPTED),
    );
    expect(open.map(({ code, message }) => `${code}: ${message}`)).toEqual([]);
  });

  it('says of every operation what it does, and its texts belong to operations', () => {
    const noted = Object.keys(documentation.operations).map(documentPath);
    expect(noted.sort()).toEqual(
      operations()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('says what every tag and every parameter means', () => {
    expect(document.tags.filter(({ description }) => !description)).toEqual([]);
    const silent = operations().flatMap(({ name, operation }) =>
      (operation.parameters ?? [])
        .filter(({ description }) => !description)
        .map((parameter) => `${name} ${String(parameter.name)}`),
    );
    expect(silent).toEqual([]);
  });

  it('shows the shape of every answer and every event', () => {
    const open = [
      ...operations().flatMap(({ name, operation }) =>
        Object.entries(operation.responses)
          .filter(([status]) => status.startsWith('2'))
          .flatMap(([, { content }]) => emptySchemas(content, name)),
      ),
      ...emptySchemas(document.components.schemas, 'schemas'),
      ...Object.entries(document.webhooks).flatMap(([type, { post }]) =>
        emptySchemas(post.requestBody, type),
      ),
    ];
    expect(open).toEqual([]);
  });
});
