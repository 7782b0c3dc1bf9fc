import { compileFilter, compileProjection } from '../semantics/index.js';
import type { BsonDocument, ExpressionContext, MatchPosition } from '../semantics/index.js';
import { missingTextScore } from '../planner/document-query.js';
import { splitTextFilter } from '../planner/text-query.js';

/** Turns a stored document into the one to answer with. */
export type Projector = (document: BsonDocument, textScore?: number) => BsonDocument;

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
  if (projection.usesTextScore && !Object.hasOwn(filter, '$text')) throw missingTextScore();
  if (!projection.usesPosition) {
    return (document, textScore) => projection.apply(document, { textScore });
  }
  const matches = compileFilter(splitTextFilter(filter).rest, context);
  return (document, textScore) => {
    const position: MatchPosition = {};
    matches(document, position);
    return projection.apply(document, { textScore, position: position.index });
  };
}
