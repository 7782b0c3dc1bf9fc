import Joi from 'joi';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import { presentOwnUser, presentProfile } from './users.shapes.js';
import { presentUserCard } from '../../shared/user-card.shapes.js';
import type { VisibleProfile } from '../../../modules/users/index.js';
import {
  anyProfileSchema,
  ownUserSchema,
  profileBody,
  profileQuery,
  searchQuery,
  userParams,
} from './users.schemas.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';
import type { Actor } from '../../../shared/actor.js';
import type { UseCases } from '../../shared/use-cases.js';

const TAG = 'Users';

const present = (actor: Actor, { user, isEmailVisible }: VisibleProfile) =>
  user._id.equals(actor.userId) ? presentOwnUser(user) : presentProfile(user, isEmailVisible);

/**
 * The REST endpoints of users. `/api/users/:userId` takes every single path segment, so routers with
 * other paths under `/api/users` are asked before this one.
 */
export const userRoutes = ({ users: service }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/users/profile',
    summary: 'My profile, or that of `userId`',
    tag: TAG,
    auth: 'user',
    userLimit: 'reads',
    query: profileQuery,
    response: anyProfileSchema,
    handle: async ({ actor, query }) => ({
      data: present(actor, await service.profile(actor, query.userId ?? actor.userId)),
    }),
  }),
  route({
    method: 'put',
    path: '/api/users/profile',
    summary: 'Change my profile',
    tag: TAG,
    auth: 'user',
    userLimit: 'writes',
    body: profileBody,
    response: ownUserSchema,
    handle: async ({ actor, body }) => ({
      data: presentOwnUser(await service.updateProfile(actor, body)),
    }),
  }),
  route({
    method: 'get',
    path: '/api/users/search',
    summary: 'Find people by words of their username and names, in any order',
    tag: TAG,
    auth: 'user',
    query: searchQuery,
    userLimit: 'lookups',
    response: Joi.array().items(userCardSchema),
    paginated: true,
    handle: async ({ actor, query }) => {
      const { cards, pagination } = await service.search(actor, query);
      return { data: cards.map(presentUserCard), pagination };
    },
  }),
  route({
    method: 'get',
    path: '/api/users/:userId',
    summary: "Somebody's profile",
    tag: TAG,
    auth: 'user',
    userLimit: 'reads',
    params: userParams,
    response: anyProfileSchema,
    handle: async ({ actor, params }) => ({
      data: present(actor, await service.profile(actor, params.userId)),
    }),
  }),
];
