/** The AsyncAPI document of the whole protocol, and the page that is made of it. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { Parser } from '@asyncapi/parser';
import express from 'express';
import request from 'supertest';
import { errorBodySchema } from '../../api/shared/event.schemas.js';
import { nativeEvents } from '../../api/native/native.events.schemas.js';
import { createProtocolDocsRouter } from '../http/protocol-docs-router.js';
import type { AsyncApiDocument } from './asyncapi.js';

const committed = async () =>
  JSON.parse(await readFile('docs/asyncapi.json', 'utf8')) as AsyncApiDocument;

describe('docs/asyncapi.json', () => {
  it('has no errors for the AsyncAPI parser', async () => {
    const text = await readFile('docs/asyncapi.json', 'utf8');
    const diagnostics = await new Parser().validate(text);
    expect(diagnostics.filter(({ severity }) => severity === 0)).toEqual([]);
  });

  it('answers every command with an ack, and has an example of every event', async () => {
    const { operations, components } = await committed();
    for (const [id, { action, reply, messages }] of Object.entries(operations)) {
      const message = components.messages[messages[0]!.$ref.split('/').at(-1)!]!;
      const isComplete = action === 'receive' ? reply?.messages.length : message.examples?.length;
      expect([id, isComplete]).toEqual([id, 1]);
    }
  });

  it('has a channel and a tag for each dialect', async () => {
    const { channels, info } = await committed();
    const names = ['native', 'v0', 'conversation', 'room'];
    expect(Object.keys(channels)).toEqual(names);
    expect(info.tags.map(({ name }) => name)).toEqual(names);
  });
});

describe('the page of the events', () => {
  const app = express().use(
    createProtocolDocsRouter(
      { commands: [], serverEvents: nativeEvents, renderings: [], errorBody: errorBodySchema },
      '1.2.3',
    ),
  );

  it('shows every event, has nothing inline and loads nothing from elsewhere', async () => {
    const { text } = await request(app).get('/api/docs/events').expect(200);
    expect(text).not.toMatch(/<style|style=|\son\w+=|<script|javascript:|(?:src|href)="https?:/);
    for (const { event } of nativeEvents) expect(text).toContain(`<code>${event}</code>`);
    await request(app).get('/api/docs/events.css').expect(200);
    const { body } = await request(app).get('/api/docs/asyncapi.json').expect(200);
    expect(body).toMatchObject({ asyncapi: '3.0.0', info: { version: '1.2.3' } });
  });

  it('links each type to its description', async () => {
    const { text } = await request(app).get('/api/docs/events').expect(200);
    const links = [...text.matchAll(/href="#(type-\w+)"/g)].map(([, id]) => id!);
    expect(links.length).toBeGreaterThan(20);
    for (const id of new Set(links)) expect(text).toContain(`id="${id}"`);
  });
});
