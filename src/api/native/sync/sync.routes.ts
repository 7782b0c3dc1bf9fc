import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';
import { syncCall } from './sync.calls.js';
import { syncResponse, syncSchema } from './sync.schemas.js';

/** The REST endpoint of sync. */
export const syncRoutes = (useCases: UseCases): AnyRoute[] => {
  const sync = syncCall(useCases);
  return [
    route({
      method: 'post',
      path: '/api/sync',
      summary:
        'Everything that changed in my chats after what I have; with an empty body, the newest',
      tag: 'Sync',
      auth: 'user',
      body: syncSchema,
      userLimit: 'sync',
      shedAs: 'work',
      response: syncResponse,
      handle: async ({ actor, body }) => ({ data: await sync(actor, body) }),
    }),
  ];
};
