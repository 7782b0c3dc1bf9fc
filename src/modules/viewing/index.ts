export type { ViewingEvent, ViewingEvents } from './viewing.events.js';
export { viewingCommands, viewingRenderings } from './viewing.gateway.js';
