import { describe, expect, it } from '@jest/globals';
import type { Document } from 'bson';
import { failureOf, toBson, toPlain } from './bson.fixture.js';
import { compileProjection } from './projection.js';
import type { ProjectionInput } from './projection.js';

const project = (spec: Document, document: Document, input?: ProjectionInput) =>
  toPlain(compileProjection(toBson(spec)).apply(toBson(document), input));

describe('projections', () => {
  it.each<[Document, Document, Document]>([
    [{}, { _id: 1, a: 1 }, { _id: 1, a: 1 }],
    [{ a: 1 }, { _id: 1, b: 1, a: 1 }, { _id: 1, a: 1 }],
    [{ a: true, _id: 0 }, { _id: 1, b: 1, a: 1 }, { a: 1 }],
    [{ _id: 1 }, { _id: 1, a: 1 }, { _id: 1 }],
    [{ _id: 0 }, { _id: 1, a: 1 }, { a: 1 }],
    [
      { a: 0, 'b.c': 0 },
      { _id: 1, a: 1, b: { c: 1, d: 2 } },
      { _id: 1, b: { d: 2 } },
    ],
    [{ 'a.b': 1 }, { a: [{ b: 1, c: 2 }, 5, [{ b: 3 }], {}] }, { a: [{ b: 1 }, [{ b: 3 }], {}] }],
    [{ 'a.b': 1 }, { a: 5, c: 1 }, {}],
    [{ a: { b: 1 } }, { a: { b: 1, c: 2 } }, { a: { b: 1 } }],
    [{ 'a.b': 0 }, { a: [{ b: 1, c: 2 }, 5] }, { a: [{ c: 2 }, 5] }],
    [
      { x: '$a', y: { $add: ['$a', 1] } },
      { _id: 1, a: 1 },
      { _id: 1, x: 1, y: 2 },
    ],
    [{ x: 'text', y: '$nothing' }, { a: 1 }, { x: 'text' }],
    [{ a: { $slice: 1 } }, { a: [1, 2], b: 1 }, { a: [1], b: 1 }],
    [
      { a: { $slice: -1 }, b: 1 },
      { _id: 1, a: [1, 2], b: 1, c: 1 },
      { _id: 1, a: [2], b: 1 },
    ],
    [{ a: { $slice: [-3, 2] } }, { a: [1, 2] }, { a: [1, 2] }],
    [{ a: { $slice: [1, 5] } }, { a: [1, 2] }, { a: [2] }],
    [
      { 'a.b': { $slice: 1 } },
      { a: [{ b: [1, 2] }, { b: [3, 4] }] },
      { a: [{ b: [1] }, { b: [3] }] },
    ],
    [
      { a: { $elemMatch: { b: 2 } } },
      { a: [{ b: 1 }, { b: 2, c: 3 }, { b: 2 }], x: 1 },
      { a: [{ b: 2, c: 3 }] },
    ],
    [{ a: { $elemMatch: { $gt: 1 } } }, { a: [1] }, {}],
  ])('%j of %j is %j', (spec, document, expected) => {
    expect(Object.entries(project(spec, document))).toEqual(Object.entries(expected));
  });

  it('keep the matched element for the positional operator', () => {
    expect(project({ 'a.$': 1 }, { a: [1, 2], b: 1 }, { position: 1 })).toEqual({ a: [2] });
    expect(project({ 'a.b.$': 1 }, { a: { b: [1, 2], c: 1 } }, { position: 0 })).toEqual({
      a: { b: [1] },
    });
    expect(failureOf(() => project({ 'a.$': 1 }, { a: [1] }))?.code).toBe(51246);
    expect(compileProjection(toBson({ 'a.$': 1 })).usesPosition).toBe(true);
    expect(compileProjection(toBson({ a: 1 })).usesPosition).toBe(false);
  });

  it('refuse the score of a text search by name', () => {
    expect(failureOf(() => project({ score: { $meta: 'textScore' } }, { a: 1 }))).toEqual({
      code: 115,
      message: '$meta: textScore is not supported by the embedded database; use MongoDB',
    });
  });

  it('leave the document alone when there is nothing to do', () => {
    expect(compileProjection({}).isIdentity).toBe(true);
    expect(compileProjection(toBson({ _id: 1 })).isIdentity).toBe(false);
  });

  it.each<[Document, number]>([
    [{ a: 1, b: 0 }, 31254],
    [{ a: 0, b: 1 }, 31253],
    [{ a: 0, b: '$c' }, 31252],
    [{ a: 1, 'a.b': 1 }, 31249],
    [{ 'a.b': 1, a: 1 }, 31250],
    [{ a: {} }, 51270],
    [{ 'a.': 1 }, 40353],
    [{ $a: 1 }, 16410],
    [{ 'a.b': { $elemMatch: {} } }, 31275],
    [{ 'a.$': 1, 'b.$': 1 }, 31276],
    [{ 'a.$': 0 }, 31395],
    [{ a: { $foo: 1 } }, 31325],
  ])('%j is refused with %i', (spec, code) => {
    expect(failureOf(() => compileProjection(toBson(spec)))?.code).toBe(code);
  });
});
