import Joi from 'joi';
import { JOIN_MODES, MEMBER_ROLES, SANCTION_KINDS } from '../../../modules/chats/index.js';
import { CASE_KINDS } from '../../../modules/moderation/index.js';
import { metadataResponse } from '../../../shared/metadata.js';
import { serverEvents } from '../../../transport/socket/server-event.js';
import { externalChatIdResponse } from '../../shared/chat.schemas.js';
import { id, time } from '../../shared/event.schemas.js';
import { ANNA, BEN, CHAT, NOON, samplePerson } from '../../shared/samples.js';
import { userCardSchema } from '../../shared/user-card.schemas.js';

const ofMembers = "the devices of the chat's members";
const own = "the user's own devices";

/** What is the same for every member of a chat. */
const facts = Joi.object({
  id,
  _id: id,
  kind: Joi.string().valid('direct', 'group', 'room', 'broadcast').required(),
  status: Joi.string().valid('pending', 'accepted', 'rejected').required(),
  initiator: id.description('Who has made it'),
  slug: Joi.string().allow(null).required().description("A room's address; null for others"),
  name: Joi.string().allow(null).required(),
  description: Joi.string().allow(null, '').required(),
  picture: Joi.string().allow(null).required().description('URL'),
  externalId: externalChatIdResponse,
  metadata: metadataResponse,
  slowModeSeconds: Joi.number()
    .integer()
    .required()
    .description('Seconds that a plain member waits between two messages; 0: none'),
  onlyModeratorsPost: Joi.boolean().required(),
  joinMode: Joi.string()
    .valid(...JOIN_MODES)
    .required()
    .description('How people come in: joining, asking, or by invitation alone'),
}).id('ChatFacts');

const ofChat = { chatId: id, chat: facts.required() };

const sampleFacts = {
  id: CHAT,
  _id: CHAT,
  kind: 'direct',
  status: 'pending',
  initiator: ANNA,
  slug: null,
  name: null,
  description: null,
  picture: null,
  slowModeSeconds: 0,
  onlyModeratorsPost: false,
  joinMode: 'invite',
};
const sampleGroup = { ...sampleFacts, kind: 'group', status: 'accepted', name: 'Harbour' };

const members = {
  chatId: id,
  userIds: Joi.array().items(Joi.string()).required(),
  actorId: Joi.string()
    .allow(null)
    .required()
    .description('Who has done it; null where the server does not know any more'),
};

const sanction = Joi.object({
  id,
  kind: Joi.string()
    .valid(...SANCTION_KINDS)
    .required(),
  chatId: Joi.string().allow(null).required().description('null: on the whole server'),
  userId: id,
  reason: Joi.string().allow('').required(),
  until: Joi.string().isoDate().allow(null).required().description('null: until it is lifted'),
  createdAt: time,
});
const sampleSanction = {
  id: '665f1c2e9b1e8a3d4c5b6d01',
  kind: 'silence',
  chatId: CHAT,
  userId: BEN,
  reason: 'Advertising',
  until: '2026-03-03T12:00:00.000Z',
  createdAt: NOON,
};

/** What native clients hear of chats, their members, invites, blocks, sanctions and reports. */
export const chatEvents = serverEvents('native', {
  chat_created: {
    description: 'A direct chat with me was opened. Ask for the chat to get its people and counts.',
    audience: 'the devices of both people',
    payload: Joi.object(ofChat),
    example: { chatId: CHAT, chat: sampleFacts },
  },
  chat_accepted: {
    description: 'A request for a chat was accepted.',
    audience: 'the devices of both people',
    payload: Joi.object({ ...ofChat, userId: id.description('Who has answered') }),
    example: { chatId: CHAT, chat: { ...sampleFacts, status: 'accepted' }, userId: BEN },
  },
  chat_rejected: {
    description: 'A request for a chat was rejected.',
    audience: 'the devices of both people',
    payload: Joi.object({ ...ofChat, userId: id.description('Who has answered') }),
    example: { chatId: CHAT, chat: { ...sampleFacts, status: 'rejected' }, userId: BEN },
  },
  chat_updated: {
    description: 'Name, picture, description, data or rules of a chat have changed.',
    audience: ofMembers,
    payload: Joi.object(ofChat),
    example: { chatId: CHAT, chat: sampleGroup },
  },
  members_added: {
    description: 'People have joined a chat, or were added; I may be one of them.',
    audience: `${ofMembers}, the new ones included`,
    payload: Joi.object(members),
    example: { chatId: CHAT, userIds: [BEN], actorId: ANNA },
  },
  members_removed: {
    description: 'People have left a chat, or were removed; I may be one of them.',
    audience: `${ofMembers}, and of those who were removed`,
    payload: Joi.object(members),
    example: { chatId: CHAT, userIds: [BEN], actorId: BEN },
  },
  member_role_changed: {
    description: 'A member has another role in a chat.',
    audience: ofMembers,
    payload: Joi.object({
      chatId: id,
      userId: id,
      role: Joi.string()
        .valid(...MEMBER_ROLES)
        .required(),
      actorId: id.description('Who has changed it'),
    }),
    example: { chatId: CHAT, userId: BEN, role: 'moderator', actorId: ANNA },
  },
  invite_received: {
    description: 'I am invited to a group or a room; `code` accepts.',
    audience: 'the devices of whoever is invited',
    payload: Joi.object({
      ...ofChat,
      code: Joi.string().required(),
      invitedBy: userCardSchema.allow(null).required().description('null: the account is gone'),
      expiresAt: time,
    }),
    example: {
      chatId: CHAT,
      chat: sampleGroup,
      code: 'k3J9xQ2mZr8t',
      invitedBy: samplePerson,
      expiresAt: '2026-03-09T12:00:00.000Z',
    },
  },
  join_requested: {
    description: 'Somebody asks to be let into a room whose members I manage.',
    audience: "the devices of the room's owners and admins",
    payload: Joi.object({ chatId: id, user: userCardSchema.required(), requestedAt: time }),
    example: { chatId: CHAT, user: samplePerson, requestedAt: NOON },
  },
  join_request_ended: {
    description: 'A request to be let into a room was accepted, rejected or withdrawn.',
    audience: "the devices of its sender and of the room's owners and admins",
    payload: Joi.object({
      chatId: id,
      userId: id.description('Who had asked'),
      outcome: Joi.string().valid('accepted', 'rejected', 'withdrawn').required(),
    }),
    example: { chatId: CHAT, userId: BEN, outcome: 'accepted' },
  },
  block_changed: {
    description: 'I have blocked somebody, or unblocked them, on whichever device.',
    audience: own,
    payload: Joi.object({
      userId: id.description('Who is blocked or no longer is'),
      blocked: Joi.boolean().required(),
    }),
    example: { userId: BEN, blocked: true },
  },
  chat_settings_changed: {
    description: 'I have archived, pinned, muted or marked a chat, on whichever device.',
    audience: own,
    payload: Joi.object({ chatId: id }),
    example: { chatId: CHAT },
  },
  chat_deleted: {
    description: 'I have deleted a chat for myself: its messages up to `clearedSeq` are gone.',
    audience: own,
    payload: Joi.object({ chatId: id, clearedSeq: Joi.number().integer().required() }),
    example: { chatId: CHAT, clearedSeq: 7 },
  },
  sanctioned: {
    description: 'I was silenced or banned, in a chat or on the whole server.',
    audience: "the person's devices",
    payload: sanction,
    example: sampleSanction,
  },
  sanction_lifted: {
    description: 'A sanction of mine was lifted before its end.',
    audience: "the person's devices",
    payload: sanction,
    example: sampleSanction,
  },
  report_resolved: {
    description: 'What I have reported was decided.',
    audience: "the reporters' devices",
    payload: Joi.object({
      caseId: id,
      kind: Joi.string()
        .valid(...CASE_KINDS)
        .required(),
      targetId: id.description('What was reported: a message, a person or a chat'),
      state: Joi.string().valid('resolved', 'dismissed').required(),
      note: Joi.string().allow('').required().description('What the moderators answer'),
      at: time,
    }),
    example: {
      caseId: '665f1c2e9b1e8a3d4c5b6e01',
      kind: 'user',
      targetId: BEN,
      state: 'resolved',
      note: 'Thank you',
      at: NOON,
    },
  },
});
