/**
 * Stand-ins for remote stores, over HTTP. Each checks what the real one checks (who calls, that the form
 * or the signature is right) and refuses what the real one would refuse.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An object as the store has it. */
export interface StoredObject {
  content: Buffer;
  type: string;
}

/** A running store. */
export interface FakeStore {
  url: string;
  /** What is stored, by its path. */
  objects: Map<string, StoredObject>;
  /** While true, the store answers 503, after so many more calls that it still serves. */
  setDown(isDown: boolean, after?: number): void;
  /** Does what the call after so many others asks for, and hangs up instead of answering it. */
  loseAnswer(after: number): void;
  close(): Promise<void>;
}

type Handler = (
  request: { method: string; url: URL; headers: IncomingMessage['headers']; body: Buffer },
  objects: FakeStore['objects'],
) => Promise<{ status: number; body?: unknown; content?: StoredObject }>;

const startStore = async (handle: Handler): Promise<FakeStore> => {
  const objects: FakeStore['objects'] = new Map();
  let isDown = false;
  let callsLeft = 0;
  let answersLeft = Infinity;
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { method = '', headers } = req;
    const url = new URL(req.url ?? '', `http://${headers.host ?? ''}`);
    const request = { method, url, headers, body: Buffer.concat(chunks) };
    const isServed = !isDown || callsLeft > 0;
    callsLeft -= 1;
    answersLeft -= 1;
    const isLost = answersLeft === -1;
    const { status, body, content } = !isServed
      ? { status: 503, body: {}, content: undefined }
      : await handle(request, objects);
    if (isLost) req.socket.destroy();
    else if (content) res.writeHead(status, { 'content-type': content.type }).end(content.content);
    else if (body === undefined) res.writeHead(status).end();
    else res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = createServer((req, res) => {
    answer(req, res).catch((error: unknown) => res.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    setDown: (value, after = 0) => {
      isDown = value;
      callsLeft = after;
    },
    loseAnswer: (after) => {
      answersLeft = after;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};

/** The fields and the file of a multipart form. */
const parseForm = async (body: Buffer, type: string | undefined) => {
  const request = new Request('http://form', {
    method: 'POST',
    headers: { 'content-type': type ?? '' },
    body: new Uint8Array(body),
  });
  const form = await request.formData();
  const file = form.get('file') as File | null;
  const fields = Object.fromEntries([...form].filter(([name]) => name !== 'file')) as Record<
    string,
    string
  >;
  const content = file && {
    content: Buffer.from(await file.arrayBuffer()),
    type: file.type,
  };
  return { fields, content };
};

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

/** ImageKit: Basic authentication by private key, or a token's signature; private files by signed URL. */
export const startFakeImageKit = (privateKey: string): Promise<FakeStore> =>
  startStore(async ({ method, url, headers, body }, objects) => {
    const [user] = Buffer.from(headers.authorization?.replace(/^Basic /, '') ?? '', 'base64')
      .toString()
      .split(':');
    const isOwner = user === privateKey;
    const idOf = (path: string) => sha256(path).slice(0, 24);
    if (method === 'POST' && url.pathname === '/api/v1/files/upload') {
      const { fields, content } = await parseForm(body, headers['content-type']);
      const { token = '', expire = '', signature, fileName, folder, isPrivateFile } = fields;
      const expected = createHmac('sha1', privateKey).update(`${token}${expire}`).digest('hex');
      const isAllowed = isOwner || (token !== '' && signature === expected);
      if (!isAllowed)
        return { status: 401, body: { message: 'Your request is not authenticated' } };
      if (!content || !fileName || !folder || isPrivateFile !== 'true')
        return { status: 400, body: {} };
      const path = `${folder}${fileName}`;
      objects.set(path, content);
      return { status: 200, body: { fileId: idOf(path), name: fileName, filePath: path } };
    }
    if (url.pathname.startsWith('/v1/files')) {
      if (!isOwner) return { status: 401, body: {} };
      if (method === 'DELETE') {
        const path = [...objects.keys()].find((key) => url.pathname.endsWith(`/${idOf(key)}`));
        if (path) objects.delete(path);
        return path ? { status: 204 } : { status: 404, body: {} };
      }
      const name = /"(.*)"/.exec(url.searchParams.get('searchQuery') ?? '')?.[1] ?? '';
      const path = `${url.searchParams.get('path') ?? ''}/${name}`;
      return { status: 200, body: objects.has(path) ? [{ fileId: idOf(path) }] : [] };
    }
    const expires = url.searchParams.get('ik-t') ?? '';
    const signature = url.searchParams.get('ik-s');
    url.searchParams.delete('ik-t');
    url.searchParams.delete('ik-s');
    const path = `${url.pathname}${url.search}`.replace(/^\//, '');
    const expected = createHmac('sha1', privateKey).update(`${path}${expires}`).digest('hex');
    if (signature !== expected || Number(expires) < Date.now() / 1000)
      return { status: 401, body: {} };
    const content = objects.get(url.pathname);
    return content ? { status: 200, content } : { status: 404, body: {} };
  });

/** Cloudinary: every call is signed with SHA-1 over its sorted parameters and the secret. */
export const startFakeCloudinary = (apiKey: string, apiSecret: string): Promise<FakeStore> =>
  startStore(async ({ method, url, headers, body }, objects) => {
    const { fields, content } =
      method === 'POST'
        ? await parseForm(body, headers['content-type'])
        : { fields: Object.fromEntries(url.searchParams), content: null };
    const { signature, api_key: key, ...params } = fields;
    const signed = Object.entries(params)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    const expected = createHash('sha1').update(`${signed}${apiSecret}`).digest('hex');
    if (signature !== expected || key !== apiKey) return { status: 401, body: {} };
    const path = `/${params.public_id ?? ''}`;
    if (url.pathname === '/v1_1/demo/raw/upload' && content) {
      objects.set(path, content);
      return { status: 200, body: { public_id: params.public_id } };
    }
    if (url.pathname === '/v1_1/demo/raw/destroy') {
      return { status: 200, body: { result: objects.delete(path) ? 'ok' : 'not found' } };
    }
    const isLate = Number(params.expires_at) < Date.now() / 1000;
    const found = url.pathname === '/v1_1/demo/raw/download' && !isLate && objects.get(path);
    return found ? { status: 200, content: found } : { status: 404, body: {} };
  });

const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** S3: Signature Version 4, in the header, in the query, or over a form's policy. */
export const startFakeS3 = (keyId: string, secret: string): Promise<FakeStore> =>
  startStore(async ({ method, url, headers, body }, objects) => {
    const sign = (scope: string, text: string): string => {
      const [date = '', region = '', service = ''] = scope.split('/');
      const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, date));
      return hmac(key, text).toString('hex');
    };
    if (method === 'POST') {
      const { fields, content } = await parseForm(body, headers['content-type']);
      const [id, ...scope] = (fields['X-Amz-Credential'] ?? '').split('/');
      const isSigned =
        fields['X-Amz-Signature'] === sign(scope.join('/'), fields.Policy ?? '') && id === keyId;
      if (!isSigned || !content) return { status: 403, body: {} };
      objects.set(`${url.pathname.replace(/\/$/, '')}/${fields.key ?? ''}`, content);
      return { status: 204 };
    }
    const header = headers.authorization ?? '';
    const part = (name: string) => new RegExp(`${name}=([^,\\s]+)`).exec(header)?.[1] ?? '';
    const inQuery = (name: string) => url.searchParams.get(`X-Amz-${name}`) ?? '';
    const credential = part('Credential') || inQuery('Credential');
    const signedHeaders = part('SignedHeaders') || inQuery('SignedHeaders');
    const signature = part('Signature') || inQuery('Signature');
    const [id, ...scope] = credential.split('/');
    const query = [...url.searchParams]
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&');
    const canonical = [
      method,
      url.pathname,
      query,
      ...signedHeaders.split(';').map((name) => `${name}:${String(headers[name])}`),
      '',
      signedHeaders,
      headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
    ].join('\n');
    const time = String(headers['x-amz-date'] ?? inQuery('Date'));
    const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n');
    if (id !== keyId || signature !== sign(scope.join('/'), text)) return { status: 403, body: {} };
    if (method === 'PUT') {
      objects.set(url.pathname, { content: body, type: headers['content-type'] ?? '' });
      return { status: 200 };
    }
    if (method === 'DELETE') {
      objects.delete(url.pathname);
      return { status: 204 };
    }
    const content = objects.get(url.pathname);
    const missing = '<Error><Code>NoSuchKey</Code><Message>There is no such key</Message></Error>';
    return content
      ? { status: 200, content }
      : { status: 404, content: { content: Buffer.from(missing), type: 'application/xml' } };
  });
