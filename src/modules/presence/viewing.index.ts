export type { ViewingEvent, ViewingEvents } from './viewing.events.js';
