import { compileFilter, compileProjection } from '../semantics/index.js';
import type { BsonDocument, ExpressionContext, MatchPosition } from '../semantics/index.js';

/** Turns a stored document into the one to answer with. */
export type Projector = (document: BsonDocument) => BsonDocument;

/**
 * The projection of a command; `undefined` when documents are answered whole.
 * @param filter the command's filter, which says what the positional `$` stands for
 */
export function projectorOf(
  spec: BsonDocument | undefined,
  filter: BsonDocument,
  context: ExpressionContext,
): Projector | undefined {
  if (spec === undefined || Object.keys(spec).length === 0) return undefined;
  const projection = compileProjection(spec, context);
  if (!projection.usesPosition) return (document) => projection.apply(document);
  const matches = compileFilter(filter, context);
  return (document) => {
    const position: MatchPosition = {};
    matches(document, position);
    return projection.apply(document, { position: position.index });
  };
}
