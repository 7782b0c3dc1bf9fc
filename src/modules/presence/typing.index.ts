export type { TypingEvent, TypingEvents } from './typing.events.js';
export { typingCommands, typingRenderings } from '../../api/native/typing/typing.commands.js';
export { Typing } from './typing.js';
