/** The programs of `examples/`, installed as their lock files say and run as they are. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Example } from '../support/examples.js';
import { installExample } from '../support/examples.js';
import type { TestServer } from '../support/server.js';
import { startServer } from '../support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

afterAll(async () => {
  await server.close();
});

describe('examples/plain-socket', () => {
  let example: Example;
  beforeAll(async () => {
    example = await installExample('plain-socket');
  });
  afterAll(async () => {
    await example.remove();
  });

  it.each([
    [
      'native',
      [
        'Bob has a request: pending',
        'Ada is typing',
        'Ada: Hello Bob',
        'Bob has read up to message 1',
        'Bob reacts with 👍',
        'Edited: Hello, Bob!',
        'Deleted: true',
      ],
    ],
    [
      'v0',
      [
        'Ada: Hello Bob',
        'Confirmed to Ada: true',
        'Bob is typing',
        'Read: true',
        'Deleted: true',
        "Bob's conversations: Ada",
      ],
    ],
    [
      'conversation',
      [
        'Ada is typing',
        'Ada: Hello Bob',
        'Delivered to Bob: true',
        'Read by Bob: true',
        'Deleted: true',
      ],
    ],
    [
      'room',
      [
        'Bob has come: true, they are 2',
        'Ada is typing',
        'Ada: Hello everybody',
        'Read by Bob: true',
        "The room's messages: Hello everybody",
        'Bob has left: true',
      ],
    ],
  ])('has a program in the dialect %s in which two people chat', async (dialect, lines) => {
    const said = await example.run(process.execPath, [`${dialect}.mjs`], { URL: server.url });
    expect(said.trimEnd().split('\n')).toEqual(lines);
  });
});
