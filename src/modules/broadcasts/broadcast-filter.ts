import { trusted } from 'mongoose';
import type { QueryFilter } from 'mongoose';
import { objectId } from '../../platform/object-id.js';
import { IS_NUMBER } from '../../platform/typed-index.js';
import type { BroadcastDoc } from './broadcast.model.js';
import type { Recipient } from './broadcasts.policy.js';

/** Numbers of broadcasts: more than `after`, and at most `upTo` or less than `before`. */
export interface NumberRange {
  after?: number | undefined;
  upTo?: number | undefined;
  before?: number | undefined;
}

/** The sent broadcasts that are for somebody, as the database finds them: `isFor` in its words. */
export const addressedTo = (
  { userId, role, since }: Recipient,
  { after = 0, upTo, before }: NumberRange = {},
): QueryFilter<BroadcastDoc> => ({
  number: trusted({
    $gt: after,
    ...IS_NUMBER,
    ...(upTo !== undefined && { $lte: upTo }),
    ...(before !== undefined && { $lt: before }),
  }),
  sentAt: trusted({ $gte: new Date(since) }),
  $or: [
    { 'audience.kind': 'all' },
    { 'audience.kind': 'role', 'audience.role': role },
    { 'audience.kind': 'list', 'audience.userIds': objectId(userId) },
  ],
});
