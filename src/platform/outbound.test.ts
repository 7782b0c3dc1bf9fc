import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GuardedOutbound, OutboundRefusal, isPublicAddress, parseRange } from './outbound.js';
import type { Resolve } from './outbound.js';

const open: { server?: Server; outbound?: GuardedOutbound } = {};
afterEach(async () => {
  await open.outbound?.close();
  open.server?.closeAllConnections();
  open.server?.close();
  delete open.server;
  delete open.outbound;
});

const listen = async (answer: RequestListener): Promise<number> => {
  const server = createServer(answer);
  open.server = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const outbound = (allowed: string[] = [], resolve?: Resolve): GuardedOutbound => {
  open.outbound = new GuardedOutbound(allowed.map(parseRange), resolve);
  return open.outbound;
};
const post = (guard: GuardedOutbound, url: string, timeoutMs = 2000, maxAnswerBytes?: number) =>
  guard.post({
    url,
    headers: {},
    body: '{}',
    timeoutMs,
    ...(maxAnswerBytes !== undefined && { maxAnswerBytes }),
  });
const named =
  (...addresses: string[]): Resolve =>
  () =>
    Promise.resolve(
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

describe('an address of the internet', () => {
  it.each(['93.184.216.34', '8.8.8.8', '2606:2800:220:1:248:1893:25c8:1946'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.0.0.1',
    '192.168.1.1',
    '198.18.0.1',
    '203.0.113.5',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    '2001:db8::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    'no address',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('an address that somebody gives', () => {
  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://１２７.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://api.localhost/',
    'http://169.254.169.254/latest/meta-data',
    'http://0/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://name:password@example.com/',
    'example.com',
  ])('%s is refused before a connection is made', async (url) => {
    await expect(post(outbound(), url)).rejects.toThrow(OutboundRefusal);
  });

  it('is refused when its name has no public address', async () => {
    const port = await listen((_, response) => response.end('inside'));
    const guard = outbound([], named('127.0.0.1', '::ffff:127.0.0.1', '10.0.0.1'));
    await expect(post(guard, `http://hook.example:${port}/`)).rejects.toThrow('not public');
  });

  it('is called at the address that was checked, however the name is resolved later', async () => {
    const port = await listen((_, response) => response.end('inside'));
    const answers = ['127.0.0.2', '127.0.0.1'];
    const resolve: Resolve = () => named(answers.shift() ?? '127.0.0.1')('');
    // The first answer may be called, but nobody listens there; the second may not.
    const guard = outbound(['127.0.0.2/32'], resolve);
    await expect(post(guard, `http://hook.example:${port}/`)).rejects.toThrow('ECONNREFUSED');
    await expect(post(guard, `http://hook.example:${port}/`)).rejects.toThrow('not public');
  });

  it('may be one that the settings allow', async () => {
    const port = await listen((_, response) => response.end('hello'));
    const guard = outbound(['127.0.0.0/8']);
    expect(await post(guard, `http://127.0.0.1:${port}/`)).toMatchObject({
      status: 200,
      text: 'hello',
      isCut: false,
    });
  });
});

describe('an answer', () => {
  it('that redirects is not followed', async () => {
    let calls = 0;
    const port = await listen((_, response) => {
      calls += 1;
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    });
    const answer = await post(outbound(['127.0.0.1']), `http://127.0.0.1:${port}/`);
    expect([answer.status, calls]).toEqual([302, 1]);
  });

  it('without end is read up to the limit', async () => {
    const port = await listen((_, response) => {
      const more = () => {
        while (response.writable && response.write('x'.repeat(10_000)));
        response.once('drain', more);
      };
      more();
    });
    const answer = await post(outbound(['127.0.0.1']), `http://127.0.0.1:${port}/`, 5000, 1000);
    expect([answer.text.length, answer.isCut]).toEqual([1000, true]);
  });

  it('that comes a byte at a time ends with the time that is given', async () => {
    const port = await listen((_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => {
        clearInterval(timer);
      });
    });
    const answer = await post(outbound(['127.0.0.1']), `http://127.0.0.1:${port}/`, 300);
    expect([answer.status, answer.isCut]).toEqual([200, true]);
  });

  it('that never begins ends with the time that is given', async () => {
    const port = await listen(() => undefined);
    await expect(post(outbound(['127.0.0.1']), `http://127.0.0.1:${port}/`, 200)).rejects.toThrow(
      /timeout|abort/i,
    );
  });

  it.each([
    ['more', 100],
    ['less', 1],
  ])('that declares %s than it has keeps its status', async (_, length) => {
    const port = await listen((request) => {
      request.socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\nreceived`);
    });
    const answer = await post(outbound(['127.0.0.1']), `http://127.0.0.1:${port}/`);
    expect([answer.status, answer.isCut]).toEqual([200, length === 100]);
  });
});
