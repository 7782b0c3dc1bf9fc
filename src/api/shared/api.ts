import type { AnyRoute } from '../../transport/http/route.js';
import type { AnyCommand } from '../../transport/socket/command.js';
import type { ServerEvent } from '../../transport/socket/server-event.js';
import type { RenderingTable } from '../../transport/socket/rendering.js';

/** A dialect as tables; `Events` are the domain events that its clients receive. */
export interface Api<Events> {
  /** REST endpoints, in the order in which their paths are matched. */
  routes: AnyRoute[];
  /** Client → server events. Of those with one name, the first that accepts a payload takes it. */
  commands: AnyCommand[];
  /** Domain event → server event. */
  events: RenderingTable<Events>[];
  /** Every event that the dialect's clients get: schema, description, example. */
  serverEvents: ServerEvent[];
}
