export type { TypingEvent, TypingEvents } from './typing.events.js';
export { typingCommands, typingRenderings } from './typing.gateway.js';
export { Typing } from './typing.service.js';
