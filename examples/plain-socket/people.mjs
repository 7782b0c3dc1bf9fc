/** What the four programs share: accounts, connections, and commands that are waited for. */
import { io } from 'socket.io-client';

const url = process.env.URL ?? 'http://localhost:8000';

/** How long a command waits for its acknowledgement, in milliseconds. */
const ACK_TIMEOUT_MS = 10_000;

/** Calls the REST API; answers `data`, or throws the server's error. */
export const rest = async (method, path, token, body) => {
  const response = await fetch(url + path, {
    method,
    headers: {
      'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const { success, data, error } = await response.json();
  if (!success) throw new Error(`${method} ${path}: ${error.code} ${error.message}`);
  return data;
};

/** Makes an account; answers its `token` and `user`. */
export const register = (name) => {
  const username = `${name.toLowerCase()}-${Date.now().toString(36)}`;
  const email = `${username}@example.com`;
  const account = { username, email, password: 'test123', firstName: name };
  return rest('POST', '/api/auth/register', undefined, account);
};

/** Connects under a dialect: the socket hears that dialect's events alone. */
export const connect = ({ token }, dialect) =>
  new Promise((resolve, reject) => {
    const socket = io(url, { auth: { token, dialect } });
    socket.once('connect', () => resolve(socket));
    // `error.data` has the code: UNAUTHENTICATED, RATE_LIMITED, SHUTTING_DOWN …
    socket.once('connect_error', reject);
  });

/** Sends a command; answers the acknowledgement's `data`, or throws its error. */
export const call = async (socket, command, payload) => {
  const ack = await socket.timeout(ACK_TIMEOUT_MS).emitWithAck(command, payload);
  if (!ack.ok) throw new Error(`${command}: ${ack.error.code} ${ack.error.message}`);
  return ack.data;
};

/** The next event of a name. Ask for it before you do what leads to it. */
export const next = (socket, event) => new Promise((resolve) => socket.once(event, resolve));
