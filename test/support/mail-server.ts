/** A real SMTP server in the process, which keeps what it is given, and refuses or hangs when a test wants that. */
import { SMTPServer } from 'smtp-server';
import { eventually } from './eventually.js';

/** A mail that has come. */
export interface ReceivedMail {
  /** As the envelope says. */
  to: string;
  /** Decoded, by name in lower case. */
  headers: Record<string, string>;
  text: string;
  html: string;
}

/** What the server does with a mail: takes it, refuses it for now or for ever, or never answers. */
export type MailServerMood = 'takes' | 'refuses' | 'rejects' | 'hangs';

/** A running mail server. */
export interface MailServer {
  /** Value of SMTP_URL. */
  url: string;
  received: ReceivedMail[];
  mood: MailServerMood;
  /** How often a mail was refused, rejected or left hanging. */
  turnedAway: number;
  /** The next mail to an address, after those that were asked for before. */
  next(to: string): Promise<ReceivedMail>;
  /** The token of the link in the next mail to an address. */
  nextToken(to: string): Promise<string>;
  close(): Promise<void>;
}

/** The bytes of an encoded word of a header. */
const bytesOf = (kind: string, body: string): Buffer =>
  kind.toLowerCase() === 'b'
    ? Buffer.from(body, 'base64')
    : Buffer.from(unquote(body.replaceAll('_', ' ')), 'latin1');

/** Decodes runs of encoded words: a letter may be divided among two of them. */
const decodeWords = (text: string): string =>
  text.replace(/=\?utf-8\?[bq]\?[^?]*\?=(?:\s*=\?utf-8\?[bq]\?[^?]*\?=)*/gi, (words) =>
    Buffer.concat(
      [...words.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)].map(([, kind, body]) =>
        bytesOf(kind!, body!),
      ),
    ).toString('utf8'),
  );

const unquote = (text: string): string =>
  text
    .replace(/=\r?\n/g, '')
    .replace(/=([\dA-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

const decodeBody = (body: string, encoding = ''): string => {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  const bytes = encoding === 'quoted-printable' ? unquote(body) : body;
  return Buffer.from(bytes, 'latin1').toString('utf8');
};

const split = (raw: string): { headers: Record<string, string>; body: string } => {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      decodeWords(line.slice(line.indexOf(':') + 1).trim()),
    ]),
  );
  return { headers, body: raw.slice(end + 4) };
};

const parse = (to: string, raw: string): ReceivedMail => {
  const { headers, body } = split(raw);
  const boundary = /boundary="?([^";]+)/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const parts = body
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => split(part.replace(/^\r\n/, '')));
  const part = (type: string): string => {
    const found = parts.find(({ headers: own }) => own['content-type']?.startsWith(type));
    return found ? decodeBody(found.body, found.headers['content-transfer-encoding']) : '';
  };
  return { to, headers, text: part('text/plain'), html: part('text/html') };
};

/** Starts a mail server on a free port. */
export const startMailServer = async (): Promise<MailServer> => {
  const taken = new Set<ReceivedMail>();
  const mails: MailServer = {
    url: '',
    received: [],
    mood: 'takes',
    turnedAway: 0,
    next: async (to) => {
      const find = () => mails.received.find((mail) => mail.to === to && !taken.has(mail));
      await eventually(() => find() !== undefined);
      const mail = find()!;
      taken.add(mail);
      return mail;
    },
    nextToken: async (to) => /#(\S+)/.exec((await mails.next(to)).text)![1]!,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 10,
    logger: false,
    onRcptTo: (_address, _session, callback) => {
      if (mails.mood === 'takes') {
        callback();
        return;
      }
      mails.turnedAway += 1;
      if (mails.mood === 'hangs') return;
      const responseCode = mails.mood === 'refuses' ? 451 : 550;
      callback(Object.assign(new Error('not now'), { responseCode }));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('latin1');
        for (const { address } of session.envelope.rcptTo) {
          mails.received.push(parse(address, raw));
        }
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.server.address() as { port: number };
  mails.url = `smtp://127.0.0.1:${port}`;
  return mails;
};
