/** The table of events that clients get, without a server. */
import { describe, expect, it } from '@jest/globals';
import { errorBodySchema } from './shared/event.schemas.js';
import { DIALECTS } from '../transport/socket/dialect.js';
import { createProtocolModel } from '../transport/socket/protocol-model.js';
import { serverEvents } from '../transport/socket/server-event.js';
import { nativeEvents } from './native/native.events.schemas.js';
import { v0Events } from './v0/v0.events.schemas.js';
import { conversationEvents } from './conversation/conversation.events.schemas.js';
import { roomEvents } from './room/room.events.schemas.js';
import Joi from 'joi';
import { checkAck, checkEvent } from '../../test/support/protocol-contract.js';
import { takeViolations } from '../../test/support/violations.js';
import { ANNA, CHAT, samplePerson } from './shared/samples.js';

const events = [...nativeEvents, ...v0Events, ...conversationEvents, ...roomEvents];

describe('the table of server events', () => {
  it.each(events.map((event) => [`${event.dialect} ${event.event}`, event] as const))(
    'has an example of %s that fits its schema',
    (_, { payload, example }) => {
      const { error } = payload.validate(example, { convert: false, abortEarly: false });
      expect(error).toBeUndefined();
    },
  );

  it.each(DIALECTS)('names no event of %s twice', (dialect) => {
    const names = events.filter((event) => event.dialect === dialect).map(({ event }) => event);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the protocol', () => {
  const tables = { commands: [], serverEvents: events, renderings: [], errorBody: errorBodySchema };

  it('refuses a rendering whose event has no schema', () => {
    const renderings = [
      { dialect: 'native' as const, renderings: { 'thing.done': { emits: ['thing_done'] } } },
    ];
    expect(() => createProtocolModel({ ...tables, renderings })).toThrow(
      'Events without a schema in the dialect native: thing_done',
    );
  });

  it('refuses two different types of one name', () => {
    const other = serverEvents('native', {
      thing: {
        description: 'A thing.',
        audience: 'nobody',
        type: 'MessageEdited',
        payload: Joi.object({ thing: Joi.string() }),
        example: {},
      },
    });
    expect(() => createProtocolModel({ ...tables, serverEvents: [...events, ...other] })).toThrow(
      "Two different types of the protocol have the name 'MessageEdited'",
    );
  });

  it('says which domain events an event tells of', () => {
    const renderings = [
      { dialect: 'native' as const, renderings: { 'live.over': { emits: ['live_ended'] } } },
    ];
    const { dialects } = createProtocolModel({ ...tables, renderings });
    const ended = dialects[0]!.events.find(({ event }) => event === 'live_ended');
    expect(ended).toMatchObject({ payload: 'LiveEnded', after: ['live.over'] });
  });
});

describe('what a test socket hears', () => {
  const typing = {
    chatId: CHAT,
    userId: ANNA,
    user: samplePerson,
    isTyping: true,
  };
  const ofV0 = { senderId: ANNA, senderName: 'Anna Berg', conversationId: CHAT, isTyping: true };

  it.each([
    ['an event that no table has', 'nothing_of_ours', {}, undefined],
    ['an event of another dialect', 'user_typing', ofV0, 'native'],
    ['a member that is missing', 'user_stop_typing', { chatId: CHAT }, undefined],
    ['a member that is not documented', 'user_typing', { ...typing, more: 1 }, undefined],
  ])('is noted: %s', (_what, event, payload, dialect) => {
    checkEvent(event, payload, dialect);
    expect(takeViolations()).toHaveLength(1);
  });

  it('may have the members of two dialects where a device hears both', () => {
    checkEvent('user_typing', { ...typing, ...ofV0 }, undefined);
    checkEvent('user_typing', typing, 'native');
    expect(takeViolations()).toEqual([]);
  });

  it.each([
    ['an answer without data', 'join_chat', { ok: true }],
    ['an answer of another command', 'join_chat', { ok: true, data: { liveId: CHAT } }],
    [
      'a refusal with an unknown code',
      'join_chat',
      { ok: false, error: { code: 'NO', message: '' } },
    ],
  ])('is noted: %s', (_what, command, ack) => {
    checkAck(command, ack);
    expect(takeViolations()).toHaveLength(1);
  });
});
