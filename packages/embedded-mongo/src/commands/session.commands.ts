import { Binary } from 'bson';
import { notSupported } from '../errors.js';
import { fieldOf, isDocument } from '../semantics/index.js';
import type { BsonValue } from '../semantics/index.js';
import { wrongType } from './command-arguments.js';
import type { Command, CommandRequest, CommandTable } from './command.types.js';

/** What identifies the session of an `lsid`; `undefined` without one. */
export function sessionOf(lsid: BsonValue | undefined): string | undefined {
  if (lsid === undefined) return undefined;
  const id = isDocument(lsid) ? fieldOf(lsid, 'id') : undefined;
  if (!(id instanceof Binary)) throw wrongType('lsid.id', id ?? null, 'binData');
  return id.toString('hex');
}

/** The sessions that a command names: the value of its own name, an array of `{ id }`. */
function sessionsOf({ body, name }: CommandRequest): string[] {
  const sessions = fieldOf(body, name);
  if (!Array.isArray(sessions)) throw wrongType(name, sessions ?? null, 'array');
  return sessions.map((session) => sessionOf(session)!);
}

/** Of a session there are only its cursors to end. */
const endSessions: Command = {
  fields: [],
  run(request) {
    for (const session of sessionsOf(request)) request.engine.cursors.closeSession(session);
    return {};
  },
};

/** An empty list means every session, here as in MongoDB. */
const killSessions: Command = {
  fields: [],
  run(request) {
    const sessions = sessionsOf(request);
    if (sessions.length === 0) request.engine.cursors.closeSession();
    for (const session of sessions) request.engine.cursors.closeSession(session);
    return {};
  },
};

/** Names users, of whom there are none; only the empty list, which means everyone, can be meant. */
const killAllSessions: Command = {
  fields: [],
  run({ body, engine, name }) {
    const users = fieldOf(body, name);
    if (!Array.isArray(users)) throw wrongType(name, users ?? null, 'array');
    if (users.length > 0) throw notSupported(`'${name}' of certain users`);
    engine.cursors.closeSession();
    return {};
  },
};

const refreshSessions: Command = {
  fields: [],
  run(request) {
    for (const session of sessionsOf(request)) request.engine.cursors.touchSession(session);
    return {};
  },
};

/** The commands about sessions. */
export const SESSION_COMMANDS: CommandTable = {
  endSessions,
  killSessions,
  killAllSessions,
  refreshSessions,
};
