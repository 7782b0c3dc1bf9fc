import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';
import { liveResponse } from './live.schemas.js';
import { presentLive } from './live.shapes.js';

/** The REST endpoint of live streams; everything else about them is a command. */
export const liveRoutes = ({ live }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/live',
    summary: 'Live streams that I may watch, newest first',
    tag: 'Live',
    auth: 'user',
    userLimit: 'reads',
    response: Joi.array().items(liveResponse),
    handle: async ({ actor }) => ({ data: (await live.watch.list(actor)).map(presentLive) }),
  }),
];
