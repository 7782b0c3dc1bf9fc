import { trusted } from 'mongoose';

/*
 * Some indexes have only the documents in which a field is a text, or a number. MongoDB uses such an
 * index only for a query that names the type as the index does; without it, it reads everything.
 */

/** Equality with a text, for an index over texts. */
export const equalText = (value: string) => trusted({ $eq: value, $type: 'string' as const });

/** Part of a condition on a number, for an index over numbers. Mongoose's types lack this name of all kinds of them. */
export const IS_NUMBER = { $type: 'number' as 'double' };
