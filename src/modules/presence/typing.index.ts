export type { TypingEvent, TypingEvents } from './typing.events.js';
export { Typing } from './typing.js';
