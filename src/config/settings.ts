import Joi from 'joi';
import type { AuthIssuer } from './auth-issuers.js';
import { authIssuersOf } from './auth-issuers.js';
import {
  addressRanges,
  mailSender,
  metadataKeysOf,
  originsOf,
  registrationRule,
  signingSecret,
  trustedProxies,
} from './setting-values.js';

/** One setting: where its value comes from, what it may be, and what it means. */
export interface Setting<T> {
  /** Name of the environment variable. */
  env: string;
  /** Other names under which the value is accepted; the first one set wins, after `env`. */
  aliases: readonly string[];
  schema: Joi.Schema<T>;
  /** For `.env.example` and the documentation. */
  doc: string;
  section: string;
  /** Kept out of logs. */
  secret: boolean;
}

interface Options {
  aliases?: readonly string[];
  secret?: boolean;
}

/** Builds a section's settings, so that the section's title stands once. */
const section =
  (title: string) =>
  <T>(env: string, schema: Joi.Schema<T>, doc: string, options: Options = {}): Setting<T> => ({
    env,
    aliases: options.aliases ?? [],
    schema,
    doc,
    section: title,
    secret: options.secret ?? false,
  });

const text = (): Joi.StringSchema => Joi.string().trim();
const optionalText = (): Joi.Schema<string | undefined> => text().empty('');
/** Text of a certain form, of which `name` tells. */
const optionalForm = (form: RegExp, name: string): Joi.Schema<string | undefined> =>
  text().pattern(form, name).empty('');
const origins = (): Joi.Schema<string[]> =>
  Joi.array()
    .items(Joi.string().trim())
    .single()
    .custom((values: string[]) => values.flatMap(originsOf))
    .empty('')
    .default([]);
const metadataKeys = (): Joi.Schema<string[]> =>
  Joi.array()
    .items(Joi.string().trim())
    .single()
    .custom((values: string[]) => metadataKeysOf(values.join(',')))
    .empty('')
    .default([]);
/** Issuers; what is wrong is told right behind the setting's name, as in `AUTH_ISSUERS[0].name: …`. */
const issuers = (): Joi.Schema<AuthIssuer[]> =>
  text()
    .custom((value: string, helpers) => {
      try {
        return authIssuersOf(value);
      } catch (error) {
        const problem = (error as Error).message;
        return helpers.message({ custom: '{{#label}}{{#problem}}' }, { problem });
      }
    })
    .empty('')
    .default([]) as unknown as Joi.Schema<AuthIssuer[]>;
const flag = (value: boolean): Joi.Schema<boolean> => Joi.boolean().empty('').default(value);
/** The longest time that a timer takes, in milliseconds; one that is set to more would never rest. */
const MAX_COUNT = 2 ** 31 - 1;
const count = (value: number, min = 0, max = MAX_COUNT): Joi.NumberSchema<number> =>
  Joi.number().integer().min(min).max(max).empty('').default(value);
/** One of some words; the first is the default. */
const oneOf = <T extends string>(...words: [T, ...T[]]): Joi.Schema<T> =>
  Joi.string<T>()
    .valid(...words)
    .empty('')
    .default(words[0]) as Joi.Schema<T>;
/** A life time as jsonwebtoken writes it: `15m`, `7d`, or a number of seconds. */
const duration = (value: string): Joi.Schema<string> =>
  text()
    .pattern(/^0*[1-9]\d*\s*(s|m|h|d|w)?$/, 'a duration such as 15m, 12h or 7d')
    .empty('')
    .default(value);

/** The client takes a bare host, a port or a socket's path, too; another scheme would be taken for a host. */
const REDIS_ADDRESS = /^(rediss?:\/\/|(?![a-z][a-z\d+.-]*:\/\/))/i;

const server = section('Server');
const database = section('Database and Redis');
const auth = section('Accounts and tokens');
const mail = section('Mail');
const cors = section('Browsers');
const limits = section('Rate limits (0 turns one off)');
const load = section('Connections and load');
const chat = section('Chat behaviour');
const media = section('Media');
const hooks = section('Webhooks and the pre-send hook');
const logs = section('Logs');

/**
 * The configuration table. It validates the environment, and generates `.env.example` and the table
 * in `docs/configuration.md`.
 */
export const settings = {
  nodeEnv: server(
    'NODE_ENV',
    oneOf('development', 'test', 'production'),
    '`production` refuses to start with unsafe settings.',
  ),
  port: server(
    'PORT',
    Joi.number().port().empty('').default(8000),
    'TCP port; 0 picks a free one.',
  ),
  host: server(
    'HOST',
    optionalText(),
    'Address to listen on. Unset: with `NODE_ENV=production` all of them (0.0.0.0), else 127.0.0.1: this machine alone.',
  ),
  publicUrl: server(
    'PUBLIC_URL',
    Joi.string()
      .uri({ scheme: ['http', 'https'] })
      .empty(''),
    'Base of the absolute URLs in answers, such as https://chat.example.com. Unset: relative URLs.',
  ),
  dataDir: server(
    'DATA_DIR',
    text().empty('').default('./data'),
    'Where the embedded database, local uploads and the development secret live.',
  ),
  trustProxy: server(
    'TRUST_PROXY',
    text().custom(trustedProxies).empty('').default('false'),
    'Express `trust proxy`: false, a number of hops, or a comma list of addresses, with or without brackets and ports. Behind nginx on one machine: 1.',
  ),
  metricsToken: server(
    'METRICS_TOKEN',
    Joi.string().pattern(/^\S+$/, 'without spaces').min(16).empty(''),
    'Bearer token, 16 characters or more, for GET /metrics (Prometheus text form). Unset: no such page.',
    { secret: true },
  ),
  requestTimeoutMs: server(
    'REQUEST_TIMEOUT_MS',
    count(5000, 100),
    'Longest time in milliseconds for a request or a socket command.',
  ),

  mongodbUri: database(
    'MONGODB_URI',
    optionalForm(/^mongodb(\+srv)?:\/\//, 'a connection string: mongodb://…'),
    'MongoDB connection string. Unset: the embedded database, kept in DATA_DIR.',
    { secret: true, aliases: ['MONGO_URI', 'DATABASE_URL'] },
  ),
  databaseTimeoutMs: database(
    'DATABASE_TIMEOUT_MS',
    count(2000, 100),
    'Longest time in milliseconds for one database operation.',
  ),
  embeddedDurability: database(
    'EMBEDDED_DURABILITY',
    oneOf('NORMAL', 'FULL'),
    'Embedded database: NORMAL survives a crash of the process, FULL a power cut too.',
  ),
  redisUrl: database(
    'REDIS_URL',
    optionalForm(REDIS_ADDRESS, 'a connection string: redis://…, or rediss://… for TLS'),
    'Redis connection string. Needed for more than one node; unset: one node, no Redis.',
    { secret: true },
  ),

  jwtSecret: auth(
    'JWT_SECRET',
    optionalText(),
    'Signs the tokens; 32 characters or more in production. Unset in development: one is made and kept in DATA_DIR.',
    { secret: true },
  ),
  jwtExpiresIn: auth('JWT_EXPIRES_IN', duration('7d'), 'Life of an access token.'),
  refreshExpiresIn: auth('REFRESH_EXPIRES_IN', duration('30d'), 'Life of an unused refresh token.'),
  jwtIssuer: auth('JWT_ISSUER', text().empty('').default('parley'), 'Issuer claim of the tokens.'),
  jwtAudience: auth(
    'JWT_AUDIENCE',
    text().empty('').default('parley'),
    'Audience claim of the tokens.',
  ),
  authIssuers: auth(
    'AUTH_ISSUERS',
    issuers(),
    'Others whose tokens sign people in: a JSON array `[{name, issuer, audience, jwksUri | discovery: true | publicKey | secret, algorithms, claims?, adminRoles?}]`, or `@/path/to/file` that has one. See own-users.md.',
    { secret: true },
  ),
  showEmail: auth(
    'SHOW_EMAIL',
    oneOf('owner', 'contacts'),
    '`owner`: an e-mail address is shown to its owner and to admins. `contacts`: also to those with whom the owner shares a group, or has opened, accepted or answered a direct chat.',
  ),
  passwordMinLength: auth(
    'PASSWORD_MIN_LENGTH',
    count(6, 1),
    'Shortest password in characters. The longest is 72 bytes, what bcrypt reads.',
  ),
  bcryptRounds: auth(
    'BCRYPT_ROUNDS',
    Joi.number().integer().min(4).max(16).empty('').default(10),
    'Cost of a password hash (log2).',
  ),
  registration: auth(
    'REGISTRATION',
    text().custom(registrationRule).empty('').default('open'),
    'Who may make an account. `open`: everybody. `invite`: who has a code of POST /api/admin/registration-invites. `domain:a.example,b.example`: who has an e-mail address of one of the domains, confirmed before the first login; needs SMTP_URL. `closed`: nobody. ADMIN_USERNAME works always.',
  ),
  userDirectory: auth(
    'USER_DIRECTORY',
    oneOf('everyone', 'contacts', 'none'),
    'Whom a search for people finds. `everyone`; `contacts`: those with whom one shares a group or an accepted direct chat; `none`: nobody. With the last two, the profile behind an id is shown to those who share a chat with its owner. Admins find everybody.',
  ),
  totpRequired: auth(
    'TOTP_REQUIRED',
    oneOf('none', 'admins', 'all'),
    'Who must sign in with a second factor (TOTP). Who must, and has none, may do nothing but set one up.',
  ),
  adminUsername: auth(
    'ADMIN_USERNAME',
    optionalText(),
    'With ADMIN_EMAIL and ADMIN_PASSWORD: an admin made at start when missing.',
  ),
  adminEmail: auth('ADMIN_EMAIL', optionalText(), 'See ADMIN_USERNAME.'),
  adminPassword: auth('ADMIN_PASSWORD', optionalText(), 'See ADMIN_USERNAME.', { secret: true }),

  smtpUrl: mail(
    'SMTP_URL',
    optionalForm(/^smtps?:\/\/[^\s/]/i, 'an address: smtp://user:password@host:587, or smtps://…'),
    'Server that mails leave through: forgotten passwords, confirmed addresses. Needs PUBLIC_URL, where the links in mails lead. Unset: no mails, and the routes that need them answer MAIL_NOT_CONFIGURED.',
    { secret: true },
  ),
  mailFrom: mail(
    'MAIL_FROM',
    text().custom(mailSender).empty(''),
    'Sender of mails, such as Parley <chat@example.com>. Unset: no-reply@ the host of PUBLIC_URL.',
  ),

  corsOrigins: cors(
    'CORS_ORIGINS',
    origins(),
    'Comma list of origins whose pages may call, with credentials too, and open sockets, beside those of the server itself. Unset in development: any origin.',
    { aliases: ['CLIENT_URL', 'FRONTEND_URL'] },
  ),

  rateLimitMessagesPerMinute: limits(
    'RATE_LIMIT_MESSAGES_PER_MINUTE',
    count(30),
    'Messages per user and minute, over all devices, nodes and transports.',
  ),
  rateLimitConversationsPerHour: limits(
    'RATE_LIMIT_CONVERSATIONS_PER_HOUR',
    count(10),
    'New conversations per user and hour.',
  ),
  rateLimitInvitesPerHour: limits(
    'RATE_LIMIT_INVITES_PER_HOUR',
    count(200),
    'People invited to a group or room per user and hour, because they may not be added without asking.',
  ),
  rateLimitGeneralPer15Min: limits(
    'RATE_LIMIT_GENERAL_PER_15_MIN',
    count(100),
    'Requests per client address and 15 minutes, for callers who are not signed in.',
  ),
  rateLimitServerKeyPerMinute: limits(
    'RATE_LIMIT_SERVER_KEY_PER_MINUTE',
    count(6000),
    'Calls under one server key per minute, over all nodes.',
  ),
  rateLimitUserPer15Min: limits(
    'RATE_LIMIT_USER_PER_15_MIN',
    count(3000),
    'Requests per signed-in user and 15 minutes.',
  ),
  rateLimitAuthPer15Min: limits(
    'RATE_LIMIT_AUTH_PER_15_MIN',
    count(5),
    'Refused attempts to log in, per client address, or known device, and 15 minutes; as many wrong server keys per address.',
  ),
  rateLimitLogoutsPerMinute: limits(
    'RATE_LIMIT_LOGOUTS_PER_MINUTE',
    count(600),
    'Back-channel logouts per client address and minute: an issuer calls for all of its users. They count in no other limit.',
  ),
  rateLimitRegisterPerHour: limits(
    'RATE_LIMIT_REGISTER_PER_HOUR',
    count(20),
    'Sign-ups per client address and hour, those refused because a name is taken too.',
  ),
  rateLimitLoginFailuresPerHour: limits(
    'RATE_LIMIT_LOGIN_FAILURES_PER_HOUR',
    count(50),
    'Wrong passwords per account and hour, from all unknown devices together; each known device, and each login that changes its password, has as many of its own.',
  ),
  rateLimitTotpFailuresPerHour: limits(
    'RATE_LIMIT_TOTP_FAILURES_PER_HOUR',
    count(20),
    'Wrong codes of a second factor per account and hour.',
  ),
  rateLimitMailRequestsPerHour: limits(
    'RATE_LIMIT_MAIL_REQUESTS_PER_HOUR',
    count(20),
    'Requests for a mail (forgotten password, confirmation of an address) per client address and hour.',
  ),
  rateLimitMailsPerHour: limits(
    'RATE_LIMIT_MAILS_PER_HOUR',
    count(5),
    'Mails with a link to one e-mail address per hour; further ones are not sent, and nobody is told.',
  ),
  rateLimitLivePerMinute: limits(
    'RATE_LIMIT_LIVE_PER_MINUTE',
    count(300),
    'Live streams begun and joined, and their comments, reactions and signals, per user and minute.',
  ),
  rateLimitSignalsPerMinute: limits(
    'RATE_LIMIT_SIGNALS_PER_MINUTE',
    count(600),
    'Typing indicators and chosen statuses per user and minute; each node counts for itself.',
  ),
  rateLimitChangesPerMinute: limits(
    'RATE_LIMIT_CHANGES_PER_MINUTE',
    count(120),
    'Edits, deletions, reactions and pins of messages per user and minute.',
  ),
  rateLimitLookupsPerMinute: limits(
    'RATE_LIMIT_LOOKUPS_PER_MINUTE',
    count(120),
    'Searches and lists of who is online per user and minute.',
  ),
  rateLimitSyncPerMinute: limits(
    'RATE_LIMIT_SYNC_PER_MINUTE',
    count(300),
    'Syncs per user and minute; a device that catches up needs one per page.',
  ),
  rateLimitReadsPerMinute: limits(
    'RATE_LIMIT_READS_PER_MINUTE',
    count(1200),
    'Pages, lists and single things read per user and minute; each node counts for itself.',
  ),
  rateLimitWritesPerMinute: limits(
    'RATE_LIMIT_WRITES_PER_MINUTE',
    count(600),
    'Changes to chats, members, settings, profiles and the like per user and minute; each node counts for itself.',
  ),
  rateLimitMarksPerMinute: limits(
    'RATE_LIMIT_MARKS_PER_MINUTE',
    count(1200),
    'Read positions, chats opened and left on a device, and ends of typing, per user and minute; each node counts for itself.',
  ),
  rateLimitUploadsPerMinute: limits(
    'RATE_LIMIT_UPLOADS_PER_MINUTE',
    count(120),
    'Uploads per user and minute; each node counts for itself.',
  ),
  rateLimitFilesPerMinute: limits(
    'RATE_LIMIT_FILES_PER_MINUTE',
    count(6000),
    'Files fetched by their address, per client address and minute; each node counts for itself.',
  ),
  rateLimitEventsPerSecond: limits(
    'RATE_LIMIT_EVENTS_PER_SECOND',
    count(50),
    'Socket commands of any kind per socket and second.',
  ),

  maxConnections: load(
    'MAX_CONNECTIONS',
    count(25_000),
    'Sockets that one process takes, whoever they are of; 0 means no limit.',
  ),
  connectionsPerAddress: load(
    'CONNECTIONS_PER_ADDRESS',
    count(1000),
    'Sockets from one address to one process, IPv6 counted by /64; 0 means no limit. Many people may share an address. Behind a proxy all clients have its address unless TRUST_PROXY is set.',
  ),
  connectionsPerUser: load(
    'CONNECTIONS_PER_USER',
    count(50),
    'Sockets of one user to one process; 0 means no limit. The next one is refused, those there are stay.',
  ),
  maxAnonymousBodyKb: load(
    'MAX_ANONYMOUS_BODY_KB',
    count(8),
    'Largest JSON body in kilobytes from callers who are not signed in; 0 means no limit of their own. Signed-in users may send 256 kB.',
  ),
  httpConnectionsPerAddress: load(
    'HTTP_CONNECTIONS_PER_ADDRESS',
    count(200),
    'HTTP connections from one address to one process, IPv6 counted by /64; 0 means no limit. The next one is closed at once. A connection that becomes a websocket counts as a socket instead. Proxies that TRUST_PROXY names are exempt.',
  ),
  userConcurrency: load(
    'USER_CONCURRENCY',
    count(8),
    'Requests and socket commands of one user under way at a time in one process, and as many uploads; 100 more wait, the next is refused as RATE_LIMITED. 0 means no limit.',
  ),
  handshakeConcurrency: load(
    'HANDSHAKE_CONCURRENCY',
    count(32, 1),
    'Connections whose login and chats are looked up at the same time.',
  ),
  handshakeQueue: load(
    'HANDSHAKE_QUEUE',
    count(2000),
    'Connections that may wait for that, for 5 seconds at most; the next ones are told when to come back.',
  ),
  pingIntervalMs: load(
    'PING_INTERVAL_MS',
    count(15_000, 100),
    'How often each connection is asked whether it still lives, in milliseconds.',
  ),
  pingTimeoutMs: load(
    'PING_TIMEOUT_MS',
    count(10_000, 100),
    'How long it may take to answer that, in milliseconds. A connection that its network has lost is dropped after PING_INTERVAL_MS and this at the latest, by both ends.',
  ),
  overloadLagMs: load(
    'OVERLOAD_LAG_MS',
    count(500),
    'Mean delay of the event loop in milliseconds from which on new sends, uploads, searches and syncs are refused with 503; from half of it on, typing indicators are. 0 means never.',
  ),

  chatRequests: chat(
    'CHAT_REQUESTS',
    oneOf('native', 'required'),
    '`native`: only chats opened through /api/chats/or-create wait for the other side. `required`: every new direct chat does.',
  ),
  groupAdding: chat(
    'GROUP_ADDING',
    oneOf('answered', 'everyone'),
    '`answered`: only those are added to a group at once who share a group with whoever adds them, or have opened, accepted or answered a direct chat with them; others are invited. `everyone`: nobody is asked.',
  ),
  roomCreation: chat(
    'ROOM_CREATION',
    oneOf('everyone', 'admins'),
    'Who may make public rooms. `admins`: for others, a room that is not there is not found.',
  ),
  maxOpenInvites: chat(
    'MAX_OPEN_INVITES',
    count(200),
    'People who may have an open invite to one group or room, because they may not be added without asking; 0 means no limit.',
  ),
  presenceAudience: chat(
    'PRESENCE_AUDIENCE',
    oneOf('shared', 'answered'),
    '`shared`: people who share a chat see who of them is online. `answered`: in a direct chat, only those whom the other has opened it for, accepted or answered.',
  ),
  presenceGraceMs: chat(
    'PRESENCE_GRACE_MS',
    count(10_000),
    'How long after the last connection a user still counts as online, in milliseconds.',
  ),
  presenceLeaseMs: chat(
    'PRESENCE_LEASE_MS',
    count(30_000, 100),
    'How long a node that has crashed counts as alive, in milliseconds; then its users are announced as gone. Renewed three times as often.',
  ),
  typingExpiresMs: chat(
    'TYPING_EXPIRES_MS',
    count(6000, 100),
    'How long a typing indicator lasts without being renewed, in milliseconds.',
  ),
  liveGraceMs: chat(
    'LIVE_GRACE_MS',
    count(15_000),
    'How long a live stream waits for a host whose connection is lost, in milliseconds.',
  ),
  metadataIndexes: chat(
    'METADATA_INDEXES',
    metadataKeys(),
    'Comma list of keys of metadata by whose value one may search, such as messages.orderId,users.tier,chats.shop; at most ten of messages, users and chats each. An index is made for each at the start, and dropped when the key is not named any more.',
  ),
  messageMaxLength: chat(
    'MESSAGE_MAX_LENGTH',
    // At three bytes a character the longest text still fits into a socket frame of 64 KB.
    count(10_000, 1, 20_000),
    'Longest text of a message in characters.',
  ),
  editWindowSeconds: chat(
    'EDIT_WINDOW_SECONDS',
    count(0),
    'How long after sending a message may be edited; 0 means always.',
  ),
  syncMaxChanges: chat(
    'SYNC_MAX_CHANGES',
    count(2000, 1),
    'How many changes a client may be behind in a chat before it starts anew with the newest page.',
  ),
  headDigestMs: chat(
    'HEAD_DIGEST_MS',
    count(30_000, 50),
    'How often clients are told how far their chats are, in milliseconds: the longest time in which a lost last event goes unnoticed.',
  ),
  websocketOnly: chat(
    'WEBSOCKET_ONLY',
    flag(false),
    'Refuse HTTP long polling, so that a balancer needs no session affinity.',
  ),

  mediaDriver: media(
    'MEDIA_DRIVER',
    Joi.string<'local' | 'imagekit' | 'cloudinary' | 's3'>()
      .valid('local', 'imagekit', 'cloudinary', 's3')
      .empty(''),
    'Where uploads are stored. Unset: the first of ImageKit, Cloudinary and S3 that is configured, else local.',
  ),
  maxUploadMb: media('MAX_UPLOAD_MB', count(100, 1), 'Largest chat upload in megabytes.'),
  maxImagePixels: media(
    'MAX_IMAGE_PIXELS',
    count(100_000_000, 1),
    'Most pixels of an image, all frames together; what is wider than 4096 is reduced. Unpacking one may take 8 bytes per pixel, two at a time.',
  ),
  mediaExternalHosts: media(
    'MEDIA_EXTERNAL_HOSTS',
    text().empty('').default('*'),
    'Hosts whose https media URLs a message may carry: `*` for any, empty list `none`, or a comma list.',
  ),
  imagekitPublicKey: media('IMAGEKIT_PUBLIC_KEY', optionalText(), 'ImageKit public key.', {
    aliases: ['Image_Kit_Public_Key_Owner'],
  }),
  imagekitPrivateKey: media('IMAGEKIT_PRIVATE_KEY', optionalText(), 'ImageKit private key.', {
    aliases: ['Image_Kit_Private_Key_Owner'],
    secret: true,
  }),
  imagekitUrl: media('IMAGEKIT_URL_ENDPOINT', optionalText(), 'ImageKit URL endpoint.', {
    aliases: ['Image_Kit_URL'],
  }),
  cloudinaryCloudName: media('CLOUDINARY_CLOUD_NAME', optionalText(), 'Cloudinary cloud name.'),
  cloudinaryApiKey: media('CLOUDINARY_API_KEY', optionalText(), 'Cloudinary API key.'),
  cloudinaryApiSecret: media('CLOUDINARY_API_SECRET', optionalText(), 'Cloudinary API secret.', {
    secret: true,
  }),
  imagekitApiUrl: media(
    'IMAGEKIT_API_URL',
    optionalText(),
    "Base of ImageKit's API, for a proxy. Unset: ImageKit's own.",
  ),
  cloudinaryApiUrl: media(
    'CLOUDINARY_API_URL',
    optionalText(),
    "Base of Cloudinary's API, for a proxy. Unset: Cloudinary's own.",
  ),
  s3Bucket: media('S3_BUCKET', optionalText(), 'Bucket for uploads; it can stay private.', {
    aliases: ['AWS_S3_BUCKET', 'AWS_BUCKET_NAME'],
  }),
  s3Region: media('S3_REGION', text().empty('').default('us-east-1'), 'Region of the bucket.', {
    aliases: ['AWS_REGION'],
  }),
  s3Endpoint: media(
    'S3_ENDPOINT',
    optionalText(),
    'Address of an S3-compatible store such as MinIO. Unset: Amazon.',
  ),
  s3AccessKeyId: media('S3_ACCESS_KEY_ID', optionalText(), 'Access key of the bucket.', {
    aliases: ['AWS_ACCESS_KEY_ID'],
  }),
  s3SecretAccessKey: media('S3_SECRET_ACCESS_KEY', optionalText(), 'Secret key of the bucket.', {
    aliases: ['AWS_SECRET_ACCESS_KEY'],
    secret: true,
  }),
  s3ForcePathStyle: media(
    'S3_FORCE_PATH_STYLE',
    flag(false),
    'Put the bucket into the path instead of the host name, as most stores but Amazon want it.',
  ),
  mediaQuotaMb: media(
    'MEDIA_QUOTA_MB',
    count(0),
    'Megabytes that one user may have stored; 0 means no limit.',
  ),
  mediaUrlMinutes: media(
    'MEDIA_URL_MINUTES',
    count(60, 2),
    'How long the address of a file in an answer works without a token, in minutes.',
  ),
  mediaOrphanHours: media(
    'MEDIA_ORPHAN_HOURS',
    count(24, 1),
    'Hours after which an upload that no message uses is removed.',
  ),
  uploadScanUrl: media(
    'UPLOAD_SCAN_URL',
    optionalText(),
    'Uploads are POSTed here first; any answer but 200 to 299 with {"clean": true} refuses the file.',
  ),
  clamdHost: media(
    'CLAMD_HOST',
    optionalText(),
    'Host of a ClamAV daemon (clamd) that scans every upload.',
  ),
  clamdPort: media('CLAMD_PORT', Joi.number().port().empty('').default(3310), 'Port of clamd.'),

  outboundAllow: hooks(
    'OUTBOUND_ALLOW',
    text().custom(addressRanges).empty('').default(''),
    'Ranges that webhooks may lead to although they are not public: a comma list such as 10.0.0.0/8, fd00::/8. Unset: public addresses only.',
  ),
  webhookRetentionDays: hooks(
    'WEBHOOK_RETENTION_DAYS',
    count(30, 3, 365),
    'Days for which the deliveries of webhooks, and what was answered, are kept.',
  ),
  preSendUrl: hooks(
    'PRE_SEND_URL',
    Joi.string()
      .uri({ scheme: ['http', 'https'] })
      .empty(''),
    'Every new or edited message is POSTed here first; the answer accepts, changes or refuses it. Unset: nobody is asked.',
  ),
  preSendSecret: hooks(
    'PRE_SEND_SECRET',
    text().custom(signingSecret).empty(''),
    'Signs what is sent to PRE_SEND_URL: whsec_ and 24 to 64 bytes in Base64. Unset: not signed.',
    { secret: true },
  ),
  preSendOnError: hooks(
    'PRE_SEND_ON_ERROR',
    oneOf('refuse', 'accept'),
    'What happens to a message when PRE_SEND_URL gives no answer in 1.5 seconds: refused with PRE_SEND_UNAVAILABLE, or accepted.',
  ),

  logLevel: logs(
    'LOG_LEVEL',
    Joi.string()
      .valid('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
      .empty('')
      .default('info'),
    'Least severe log line that is written.',
  ),
  debug: logs(
    'DEBUG',
    optionalText(),
    'Name patterns for the debug output of the libraries, such as socket.io:*.',
  ),
};

/** The validated configuration: one member per setting, frozen. */
export type Config = Readonly<{
  [K in keyof typeof settings]: (typeof settings)[K] extends Setting<infer T> ? T : never;
}>;
