/** What is thrown at the REST side: working requests with something about them broken. */
import { deflateSync, gzipSync } from 'node:zlib';
import { mp3Of, mp4Of, oggOf, wavOf, webmOf } from '../support/media-samples.js';
import type { Random } from '../support/random.js';
import type { TestUser } from '../support/server.js';
import type { Round, RouteTarget } from './fuzz-world.js';
import type { Material } from './hostile.js';
import {
  bloated,
  hostileText,
  hostileValue,
  jsonOf,
  mutated,
  mutatedBytes,
  randomBytes,
} from './hostile.js';
import { enriched } from './plausible.js';

/** A request in parts, which a client of HTTP can send. */
export interface HttpInput {
  kind: 'http';
  target: string;
  method: string;
  path: string;
  headers: Record<string, string | string[]>;
  body?: Buffer;
  /** Send only the beginning of the body and hang up, so that there is no answer. */
  hangsUp?: boolean;
}

/** Bytes for a connection of their own, which need not be HTTP. */
export interface BytesInput {
  kind: 'bytes';
  target: string;
  bytes: Buffer;
}

const BAD_SEGMENTS = ['%', '%zz', '%ff', '%00', '%ed%a0%80', '%2e%2e', '..%2f..%2fetc', '%2f']
  .concat(['', '.', '..', '*', '$ne', '[object%20Object]', '%7B%22$ne%22:1%7D', 'a'.repeat(5000)])
  .concat(['__proto__', 'constructor', '%e2%80%ae', ';a=b', ':chatId', '0', '-1']);

/** What a client of HTTP takes in an address. */
const legal = (text: string): string =>
  // A lone surrogate has no encoding; this is what a client that does not look would send.
  encodeURIComponent(text.toWellFormed());

const addressOf = (random: Random, material: Material, target: RouteTarget): string => {
  const params = { ...target.request.params };
  const isBroken = random.next() < 0.2;
  return target.route.path.replace(/:(\w+)/g, (_, name: string) => {
    if (!isBroken) return legal(params[name] ?? 'x');
    const dice = random.next();
    if (dice < 0.4) return random.pick(BAD_SEGMENTS);
    if (dice < 0.7 && material.ids.length > 0) return random.pick(material.ids);
    return legal(hostileText(random, material).slice(0, 2000));
  });
};

const queryOf = (random: Random, material: Material, { members, request }: RouteTarget): string => {
  const names = Object.keys(members.query);
  const plain = enriched(random, material, members.query, request.query ?? {});
  const pairs = Object.entries(plain).map(
    ([name, value]) => `${legal(name)}=${legal(String(value))}`,
  );
  if (random.next() < 0.35) {
    const times = random.between(1, 2);
    for (let i = 0; i < times; i++) {
      const name =
        random.next() < 0.8 && names.length > 0 ? random.pick(names) : random.pick(material.names);
      const value = legal(hostileText(random, material).slice(0, 2000));
      switch (random.between(0, 8)) {
        case 0:
          pairs.push(`${name}[$ne]=${value}`);
          break;
        case 1:
          pairs.push(`${name}[]=${value}&${name}[]=${value}`);
          break;
        case 2:
          pairs.push(`${name}=1&${name}=${value}`);
          break;
        case 3:
          pairs.push(
            random.pick(['__proto__[a]=1', 'constructor=1', '=', '&&&', '%', '%ff=%ff', 'a%00=1']),
          );
          break;
        case 4:
          pairs.push(`${name}=${random.pick(['%', '%ff', '%ed%a0%80', '%00', '+', ''])}`);
          break;
        default:
          // The last of a name counts nowhere: both are one list.
          pairs.splice(
            0,
            pairs.length,
            ...pairs.filter((pair) => !pair.startsWith(`${name}=`)),
            `${name}=${value}`,
          );
      }
    }
  }
  if (random.next() < 0.02) {
    const name = random.pick([...names, 'x']);
    const make = random.pick([() => `${name}=1`, (i: number) => `x${i}=1`, () => `${name}[]=1`]);
    // Node itself refuses a longer line.
    pairs.push(
      ...Array.from({ length: 1000 }, (_, i) => make(i))
        .join('&')
        .slice(0, 8000)
        .split('&'),
    );
  }
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
};

const BAD_HEADERS: ((random: Random) => Record<string, string | string[]>)[] = [
  () => ({ accept: 'application/problem+json' }),
  () => ({ accept: '*/*;q=x, ,' }),
  (random) => ({
    range: random.pick([
      'bytes=-1',
      'bytes=5-1',
      'bytes=0-0,2-3',
      'bytes=99999-',
      'x=0-1',
      'bytes=-',
      'bytes=0-18446744073709551616',
    ]),
  }),
  () => ({ 'if-none-match': 'W/"x", *', 'if-modified-since': 'yesterday', 'if-range': '"x"' }),
  () => ({ 'x-request-id': '${jndi:x}' }),
  () => ({ 'x-request-id': ['a', 'b'] }),
  () => ({ 'x-forwarded-for': 'not an address, ::::, 999.1.1.1', 'x-forwarded-proto': 'x' }),
  () => ({ forwarded: 'for="[::1' }),
  () => ({ origin: 'null' }),
  () => ({ origin: 'http://\xff\xfe', 'access-control-request-method': 'X' }),
  () => ({ cookie: 'a=%; __proto__=1;;;' }),
  () => ({ 'user-agent': 'x'.repeat(9000) }),
  () => ({ 'user-agent': '\xff\xfe\t\x80' }),
  () => ({ 'user-agent': '' }),
  () => ({ 'x-http-method-override': 'DELETE' }),
  () => ({ host: 'a b' }),
  () => ({ 'accept-language': '*', 'accept-encoding': 'x, identity;q=0' }),
];

const TYPES = [
  'application/json; charset=utf-16',
  'application/json; charset=x',
  'application/json;;=',
]
  .concat([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/vnd.api+json',
    'json',
    '',
  ])
  .concat(['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/mixed; boundary=x'])
  .concat(['application/json, text/html', '\xff', 'application/octet-stream', 'a/'.repeat(500)]);

const tokenOf = (random: Random, caller: TestUser | undefined): Record<string, string> => {
  if (!caller) return {};
  if (random.next() >= 0.05) return { authorization: `Bearer ${caller.token}` };
  const [head, body, signature] = caller.token.split('.') as [string, string, string];
  return {
    authorization: random.pick([
      'Bearer',
      'Bearer  ',
      'Basic YTpi',
      `bearer ${caller.token}`,
      `Bearer ${caller.token} x`,
      `Bearer ${head}.${body}.`,
      `Bearer ${head}.${signature}.${body}`,
      `Bearer ${'x'.repeat(9000)}`,
      'Bearer eyJhbGciOiJub25lIn0.e30.',
      `Bearer ${Buffer.from('{"alg":"HS256"}').toString('base64url')}.bnVsbA.x`,
      'Bearer null',
      'Bearer \xff.\xff.\xff',
    ]),
  };
};

const callerOf = (random: Random, round: Round, target: RouteTarget): TestUser | undefined => {
  const dice = random.next();
  if (dice < 0.04) return undefined;
  // Who calls such a route has no login afterwards, if it works.
  return dice < 0.2 && !target.isSpent ? random.pick(round.people) : target.caller;
};

/** Bytes of a value, so that the whole body is still read. */
const LONG_BODY = 200_000;

/** A JSON body, and how it is labelled. */
const jsonBody = (
  random: Random,
  material: Material,
  { members, request }: RouteTarget,
): Pick<HttpInput, 'body' | 'headers'> => {
  const full = enriched(random, material, members.body, request.body ?? {});
  const dice = random.next();
  let value: unknown = full;
  if (dice < 0.6) value = mutated(random, material, full);
  else if (dice < 0.64) value = hostileValue(random, material);
  else if (dice < 0.67) value = bloated(random, full, LONG_BODY);
  let body: Buffer = Buffer.from(jsonOf(value));
  if (random.next() < 0.12) body = mutatedBytes(random, body);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (random.next() < 0.05) headers['content-type'] = random.pick(TYPES);
  const packing = random.next();
  if (packing < 0.02) {
    headers['content-encoding'] = random.pick([
      'gzip',
      'deflate',
      'br',
      'zstd',
      'identity',
      'x',
      'gzip, gzip',
    ]);
  } else if (packing < 0.04) {
    headers['content-encoding'] = 'gzip';
    body =
      random.next() < 0.5
        ? mutatedBytes(random, gzipSync(body))
        : gzipSync(Buffer.alloc(2_000_000, 'x'));
  } else if (packing < 0.05) {
    headers['content-encoding'] = 'deflate';
    body = mutatedBytes(random, deflateSync(body));
  }
  return { body, headers };
};

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADklEQVQImWP4DwYMEAoAU7oL9W/sIDEAAAAASUVORK5CYII=',
  'base64',
);
const FILES = [
  PNG,
  Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n'),
  Buffer.from(
    'GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x02\0\x02\0\0\x02\x03\x04\x12\x05\0;',
    'latin1',
  ),
  Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
  Buffer.from('PK\x03\x04\x14\0\0\0\0\0', 'latin1'),
  Buffer.from('RIFF\x24\0\0\0WEBPVP8 ', 'latin1'),
  Buffer.from('just text'),
  Buffer.from('MZ\x90\0', 'latin1'),
  Buffer.alloc(0),
  wavOf(1),
  mp3Of(3).content,
  mp4Of(1),
  oggOf(1),
  webmOf(1),
];

const NAMES = [
  'a.png',
  'a.pdf',
  'a.exe',
  '',
  '../../a',
  'a\0.png',
  '"; name="x',
  'é'.repeat(300),
  '.',
].concat([
  'a.svg',
  'a.mp3',
  'con',
  'a'.repeat(3000),
  '\ud800.png',
  'a\r\nX: y',
  '%00',
  'a.png.html',
]);

/** A form with files, whose parts, boundaries or files are broken. */
const formBody = (
  random: Random,
  material: Material,
  round: Round,
  { route, members }: RouteTarget,
): Pick<HttpInput, 'body' | 'headers'> => {
  const boundary = `b${random.between(0, 1e9)}`;
  const crlf = Buffer.from('\r\n');
  const part = (disposition: string, content: Buffer, type?: string) =>
    Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n`),
      Buffer.from(type === undefined ? '' : `Content-Type: ${type}\r\n`),
      crlf,
      content,
      crlf,
    ]);
  const fields = enriched(
    random,
    material,
    members.body,
    'chatId' in members.body ? { chatId: round.chatId } : {},
  );
  const given = random.next() < 0.3 ? mutated(random, material, fields) : fields;
  const texts = Object.entries((given ?? {}) as object).map(([name, value]) =>
    part(`form-data; name="${name}"`, Buffer.from(jsonOf(value).replace(/^"|"$/g, ''))),
  );
  if (random.next() < 0.04) {
    const name = random.pick([...Object.keys(fields), 'x']);
    const of = random.pick([() => name, (i: number) => `x${i}`, (i: number) => `${name}[${i}]`]);
    const text = Buffer.from('x'.repeat(random.pick([1, 1, 2000])));
    texts.push(...Array.from({ length: 500 }, (_, i) => part(`form-data; name="${of(i)}"`, text)));
  }
  const names = Object.keys(route.files ?? {});
  const count = random.next() < 0.85 ? 1 : random.between(0, 12);
  const files = Array.from({ length: count }, () => {
    const sample = random.pick(FILES);
    const content = random.next() < 0.5 ? mutatedBytes(random, sample) : sample;
    const name =
      random.next() < 0.93 && names.length > 0 ? random.pick(names) : hostileText(random, material);
    const type = random.pick(['image/png', 'application/pdf', 'text/html', '', 'x', 'audio/mpeg']);
    return part(`form-data; name="${name}"; filename="${random.pick(NAMES)}"`, content, type);
  });
  const parts = random.next() < 0.9 ? [...texts, ...files] : [...files, ...texts, ...texts];
  const end = random.next() < 0.95 ? Buffer.from(`--${boundary}--\r\n`) : Buffer.alloc(0);
  let body: Buffer = Buffer.concat([...parts, end]);
  if (random.next() < 0.2) body = mutatedBytes(random, body);
  const type =
    random.next() < 0.95
      ? `multipart/form-data; boundary=${boundary}`
      : random.pick([
          ...TYPES,
          `multipart/form-data; boundary="${boundary}`,
          'multipart/form-data; boundary=-',
        ]);
  return { body, headers: { 'content-type': type } };
};

/** Long polling, which is HTTP too. */
const pollingInput = (random: Random, round: Round): HttpInput => {
  const query = random
    .pick(['EIO=4&transport=polling', 'EIO=3&transport=polling', 'transport=x&EIO=4', ''])
    .concat(
      random.pick([
        '',
        '&sid=x',
        '&sid=__proto__',
        '&sid=constructor',
        '&sid[]=1',
        '&t=%',
        '&b64=1',
        '&j=x',
      ]),
    );
  const packets = [
    '40',
    '40{"token":1}',
    '2probe',
    '3',
    '1',
    '6',
    '4',
    'b',
    'bAAAA',
    '42["x"]',
    '\x1e\x1e',
    '40\x1e41',
  ];
  const isPost = random.next() < 0.6;
  const body: Buffer = Buffer.from(isPost ? random.pick(packets) : '');
  return {
    kind: 'http',
    target: 'socket.io polling',
    method: isPost ? 'POST' : random.pick(['GET', 'OPTIONS', 'PUT', 'HEAD']),
    path: `/socket.io/?${query}`,
    headers: {
      ...(isPost && {
        'content-type': random.pick(['text/plain', 'application/octet-stream', 'x']),
      }),
      ...tokenOf(random, random.pick(round.people)),
    },
    ...(isPost && { body: random.next() < 0.3 ? mutatedBytes(random, body) : body }),
  };
};

/** A working request as bytes, broken as HTTP. */
const bytesInput = (random: Random, input: HttpInput): BytesInput => {
  const { method, path, headers, body = Buffer.alloc(0) } = input;
  const pick = random.between(0, 9);
  const version =
    pick === 0 ? random.pick(['HTTP/0.9', 'HTTP/9.9', 'HTTP/1.0', 'http/1.1', '']) : 'HTTP/1.1';
  const verb = pick === 1 ? random.pick(['CONNECT', 'get', 'PROPFIND', 'X', '', 'TRACE']) : method;
  const address =
    pick === 2
      ? random.pick(['*', 'http://[::1', '//', '/\0', '/\xff', 'http://a/api/chats', '/ /', '\\'])
      : path;
  const more = random.pick([
    '',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: x\r\n',
    'Content-Length: 5\r\nContent-Length: 6\r\n',
    'Content-Length: -1\r\n',
    'Content-Length: 99999999999999999999\r\n',
    'Expect: 100-continue\r\n',
    'Expect: miracles\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket\r\n',
    'Connection: Upgrade\r\nUpgrade: h2c\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 99\r\n',
    `X: ${'y'.repeat(20_000)}\r\n`,
    'X\r\n',
    'X: \0\r\n',
    ' folded: y\r\n',
  ]);
  const flat = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}\r\n`),
  );
  const host = random.next() < 0.9 ? 'Host: parley\r\n' : '';
  const length =
    more.includes('Length') || random.next() < 0.1 ? '' : `Content-Length: ${body.length}\r\n`;
  const head = `${verb} ${address} ${version}\r\n${host}${flat.join('')}${length}${more}\r\n`;
  const chunked = Buffer.concat([
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from('\r\n0\r\n\r\n'),
  ]);
  const bytes = Buffer.concat([
    Buffer.from(head, 'latin1'),
    more.includes('chunked') ? chunked : body,
  ]);
  const dice = random.next();
  return {
    kind: 'bytes',
    target: input.target,
    bytes:
      dice < 0.5
        ? mutatedBytes(random, bytes)
        : dice < 0.55
          ? randomBytes(random, 300)
          : Buffer.concat([bytes, bytes]),
  };
};

/** Makes a request to a route, with something broken. */
export const restInput = (
  random: Random,
  round: Round,
  target: RouteTarget,
): HttpInput | BytesInput => {
  const dice = random.next();
  if (dice < 0.02) return pollingInput(random, round);
  const caller = callerOf(random, round, target);
  const material: Material = { ids: round.idsFor(caller), names: round.names };
  const hasBody = target.route.method !== 'get' || random.next() < 0.03;
  const isForm = target.isForm && random.next() < 0.95;
  const { body, headers = {} } = hasBody
    ? isForm
      ? formBody(random, material, round, target)
      : jsonBody(random, material, target)
    : {};
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
  const input: HttpInput = {
    kind: 'http',
    target: target.name,
    method:
      random.next() < 0.98 || target.isSpent
        ? target.route.method.toUpperCase()
        : random.pick(methods),
    path: `${addressOf(random, material, target)}${queryOf(random, material, target)}`,
    headers: {
      ...headers,
      ...tokenOf(random, caller),
      ...(random.next() < 0.1 && random.pick(BAD_HEADERS)(random)),
    },
    ...(body && { body }),
  };
  if (dice < 0.05) return bytesInput(random, input);
  if (dice < 0.06 && body && body.length > 1) return { ...input, hangsUp: true };
  return input;
};
