import Joi from 'joi';
import { FILTER_ACTIONS } from '../../../modules/word-filter/index.js';
import type { FilterAction, NewWordRule, WordRule } from '../../../modules/word-filter/index.js';
import { chatIdSchema } from '../../../shared/external-ids.js';
import { idSchema } from '../../../shared/ids.js';
import { visibleText } from '../../../shared/text-schema.js';
import type { AnyRoute } from '../../../transport/http/route.js';
import { route } from '../../../transport/http/route.js';
import type { UseCases } from '../../shared/use-cases.js';

const tag = 'Admin';
const patternSchema = visibleText(100)
  .trim()
  .description('One or more words; `*` at the beginning or the end stands for the rest of a word')
  .example('casino*');
const actionSchema = Joi.string<FilterAction>().valid(...FILTER_ACTIONS);

const newRuleBody = Joi.object<NewWordRule>({
  pattern: patternSchema.required(),
  action: actionSchema.required(),
  chatId: chatIdSchema.description('The chat that it is for; absent: everywhere'),
});
const ruleChangesBody = Joi.object<{ pattern?: string; action?: FilterAction }>({
  pattern: patternSchema,
  action: actionSchema,
}).min(1);
const ruleParams = Joi.object<{ filterId: string }>({ filterId: idSchema.required() });
const ruleResponse = Joi.object({
  id: Joi.string().required(),
  _id: Joi.string().required(),
  pattern: Joi.string().required(),
  action: actionSchema.required(),
  chatId: Joi.string().allow(null).required(),
  createdBy: Joi.string().required(),
  createdAt: Joi.string().isoDate().required(),
  updatedAt: Joi.string().isoDate().required(),
}).id('WordFilter');

const presentRule = (rule: WordRule) => ({
  id: rule._id.toHexString(),
  _id: rule._id.toHexString(),
  pattern: rule.pattern,
  action: rule.action,
  chatId: rule.chatId?.toHexString() ?? null,
  createdBy: rule.createdBy.toHexString(),
  createdAt: rule.createdAt.toISOString(),
  updatedAt: rule.updatedAt.toISOString(),
});

/** REST endpoints of the admins' list of filtered words. */
export const wordFilterRoutes = ({ wordRules }: UseCases): AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/admin/word-filters',
    summary: 'The filtered words, newest first',
    tag,
    auth: 'admin',
    userLimit: 'reads',
    response: Joi.array().items(ruleResponse),
    handle: async () => ({ data: (await wordRules.list()).map(presentRule) }),
  }),
  route({
    method: 'post',
    path: '/api/admin/word-filters',
    summary: 'Filter a word: refuse, mask or hold the messages that have it',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    body: newRuleBody,
    response: ruleResponse,
    status: 201,
    handle: async ({ actor, body }) => ({ data: presentRule(await wordRules.add(actor, body)) }),
  }),
  route({
    method: 'put',
    path: '/api/admin/word-filters/:filterId',
    summary: 'Change a filtered word or what happens to it',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    params: ruleParams,
    body: ruleChangesBody,
    response: ruleResponse,
    handle: async ({ actor, params, body }) => ({
      data: presentRule(await wordRules.update(actor, params.filterId, body)),
    }),
  }),
  route({
    method: 'delete',
    path: '/api/admin/word-filters/:filterId',
    summary: 'Filter a word no longer',
    tag,
    auth: 'admin',
    userLimit: 'writes',
    params: ruleParams,
    response: Joi.object({
      filterId: Joi.string().required(),
      removed: Joi.boolean().valid(true).required(),
    }),
    handle: async ({ actor, params }) => {
      await wordRules.remove(actor, params.filterId);
      return { data: { ...params, removed: true } };
    },
  }),
];
