export type { ViewingEvent, ViewingEvents } from './viewing.events.js';
export { viewingCommands, viewingRenderings } from '../../api/native/viewing/viewing.commands.js';
