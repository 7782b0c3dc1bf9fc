import type Joi from 'joi';
import type { DialectName } from './dialect.js';

/** An event that the server sends to the clients of one dialect. */
export interface ServerEvent {
  event: string;
  dialect: DialectName;
  /** When it comes, and what clients do about it: whole sentences. */
  description: string;
  /** Which devices get it, as in `the members who have the chat open`. */
  audience: string;
  /** The name of the payload's type; absent: it is made of the dialect and the event. */
  type?: string;
  /** Its payload; validates what the tests hear, types and documents. */
  payload: Joi.Schema;
  /** A payload as a client gets it. */
  example: unknown;
}

/** The events of one dialect, each by its name. */
export const serverEvents = (
  dialect: DialectName,
  events: Record<string, Omit<ServerEvent, 'event' | 'dialect'>>,
): ServerEvent[] => Object.entries(events).map(([event, rest]) => ({ event, dialect, ...rest }));
