import { ChatError } from './chat-error.js';

/** The server takes frames of 64 KB and ends the connection that sends a longer one. */
const MAX_FRAME_BYTES = 60_000;

/** Whether a command is short enough for the socket. */
export const fitsFrame = (event: string, payload: unknown): boolean =>
  bytesOf(JSON.stringify([event, payload])) <= MAX_FRAME_BYTES;

/** Where nothing can tell, as in older React Native, each character counts as the longest one. */
const bytesOf = (text: string): number =>
  typeof TextEncoder === 'function' ? new TextEncoder().encode(text).length : text.length * 3;

/** The refusal of a command that is not, and that no REST endpoint stands in for. */
export const tooLong = (event: string): ChatError =>
  new ChatError({ code: 'PAYLOAD_TOO_LARGE', message: `This is too long for ${event}` });
