import { randomUUID } from 'node:crypto';
import Joi from 'joi';

/** Ids are opaque to clients; inside they are 24 hexadecimal digits (a MongoDB ObjectId). */
const ID_PATTERN = /^[0-9a-f]{24}$/;

/** Whether a string has the form of one of our ids. */
export const isId = (value: string): boolean => ID_PATTERN.test(value);

/** What an id is to clients. */
export const ID_FORM = 'an id of 24 hexadecimal digits';

/** Joi schema of an id. */
export const idSchema = Joi.string()
  .lowercase()
  .pattern(ID_PATTERN, ID_FORM)
  .example('665f1c2e9b1e8a3d4c5b6a79');

/** A new random identifier for a request or a token. */
export const newUuid = (): string => randomUUID();
