import type { LookupAddress } from 'node:dns';
import { Resolver, lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Agent } from 'undici';

/** A range of addresses, as a first address and the number of bits that count. */
export type AddressRange = ReturnType<typeof ipaddr.parseCIDR>;

/** Bytes of an answer that are read; what follows is not received. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Bytes of the answer's headers. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Connections to one origin: more than all webhooks together have under way, so that none waits for another. */
const CONNECTIONS = 128;
/** How long an unused connection is kept, in milliseconds. */
const KEEP_ALIVE_MS = 4000;
/** Inside a cloud although its range is public: the WireServer of Azure, which virtual machines trust. */
const NOT_PUBLIC = new Set(['168.63.129.16']);
/** All global unicast addresses of IPv6 that are assigned so far. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** A request to a server that somebody else runs. */
export interface OutboundRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Longest time in milliseconds from the look-up of the name to the last byte of the answer. */
  timeoutMs: number;
  /** Bytes of the answer that are read; {@link MAX_ANSWER_BYTES} when absent, and never more. */
  maxAnswerBytes?: number;
}

/** What a server has answered. A redirection is an answer like others: it is not followed. */
export interface OutboundAnswer {
  status: number;
  /** The `Retry-After` header. */
  retryAfter: string | undefined;
  /** The beginning of the body. */
  text: string;
  /** Whether that is not all: the body was too long, or had not come to its end within the time. */
  isCut: boolean;
}

/** Why no connection was made: the address is not one that may be called. The message is for who gave it. */
export class OutboundRefusal extends Error {
  override name = 'OutboundRefusal';
}

/** Sends requests to addresses that people have given. */
export interface Outbound {
  /**
   * Sends a POST request.
   *
   * @throws {OutboundRefusal} when the address may not be called, and what the network throws before there is a status.
   */
  post(request: OutboundRequest): Promise<OutboundAnswer>;
  /** Why an address could never be called, as far as that is known without a look-up; else undefined. */
  refusalTo(url: string): OutboundRefusal | undefined;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** Finds all addresses of a name. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/** Asks without a thread of the pool, of which `lookup` takes one until it has an answer: there are four for all. */
const dns = new Resolver({ timeout: 2000, tries: 2 });

const resolveByDns: Resolve = async (hostname) => {
  const [v4, v6] = await Promise.allSettled([dns.resolve4(hostname), dns.resolve6(hostname)]);
  const found = [
    ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
    ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
  ];
  if (found.length > 0 || v4.status === 'fulfilled') return found;
  const { code } = v4.reason as NodeJS.ErrnoException;
  // The hosts file may know it. The name servers have answered, so that this takes no time.
  if (code === 'ENOTFOUND' || code === 'ENODATA') return lookup(hostname, { all: true });
  throw v4.reason;
};

/**
 * Whether an address is one of the public internet: not private, loopback, link-local (which cloud providers
 * serve credentials at), shared by a carrier's customers, multicast, reserved, or a form of IPv6 that stands for
 * an address of IPv4 (mapped, NAT64, 6to4, Teredo), behind which any of these can be.
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast' || NOT_PUBLIC.has(parsed.toString())) return false;
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST);
};

/** Whether an address lies in one of the ranges; a mapped address of IPv4 counts as that address. */
export const isInRanges = (address: string, ranges: readonly AddressRange[]): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return ranges.some(
    ([network, bits]) => network.kind() === parsed.kind() && parsed.match([network, bits] as never),
  );
};

/** @throws when the text is no range such as `10.0.0.0/8` or `fd00::/8`, and no address. */
export const parseRange = (text: string): AddressRange => {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv4' ? 32 : 128] as AddressRange;
};

/**
 * Calls to addresses that people give over the API. Only public addresses are called, unless `allowed` names more.
 * The connection goes to the very address that was checked, so a name that is resolved differently a moment later
 * does not help. No redirection is followed, no proxy of the environment is used.
 */
export class GuardedOutbound implements Outbound {
  private readonly client: LateClient;

  constructor(
    private readonly allowed: readonly AddressRange[] = [],
    private readonly resolve: Resolve = resolveByDns,
  ) {
    this.client = new LateClient({
      connections: CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connect: { lookup: this.lookup },
    });
  }

  refusalTo(url: string): OutboundRefusal | undefined {
    if (!URL.canParse(url)) return new OutboundRefusal('is not an address');
    const { protocol, username, password, hostname } = new URL(url);
    if (protocol !== 'https:' && protocol !== 'http:') {
      return new OutboundRefusal('must begin with https:// or http://');
    }
    if (username !== '' || password !== '') {
      return new OutboundRefusal('must not contain a user name or password');
    }
    const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
    // The parser has written every spelling of an address of IPv4 with four decimal numbers.
    if (ipaddr.isValid(host)) return this.isAllowed(host) ? undefined : notPublic();
    const isLocal = host === 'localhost' || host.endsWith('.localhost');
    return isLocal && !this.isAllowed('127.0.0.1') && !this.isAllowed('::1')
      ? notPublic()
      : undefined;
  }

  async post({
    url,
    headers,
    body,
    timeoutMs,
    maxAnswerBytes = MAX_ANSWER_BYTES,
  }: OutboundRequest): Promise<OutboundAnswer> {
    // An address that is no name is not looked up, so it is checked here.
    const refusal = this.refusalTo(url);
    if (refusal) throw refusal;
    return post(this.client, { url, headers, body, timeoutMs, maxAnswerBytes });
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private isAllowed(address: string): boolean {
    return isPublicAddress(address) || isInRanges(address, this.allowed);
  }

  /** Called by `net.connect`, which then connects to what this answers and to nothing else. */
  private readonly lookup: LookupFunction = (hostname, options, answer) => {
    this.resolve(hostname).then(
      (found) => {
        const allowed = found.filter(({ address }) => this.isAllowed(address));
        const [first] = allowed;
        if (!first) answer(notPublic(), []);
        else if (options.all) answer(null, allowed);
        else answer(null, first.address, first.family);
      },
      (error: unknown) => {
        answer(error as NodeJS.ErrnoException, []);
      },
    );
  };
}

/** Calls to addresses that stand in the settings, and are trusted: the operator's own services. */
export class TrustedOutbound implements Outbound {
  private readonly client = new LateClient({
    connections: CONNECTIONS / 2,
    pipelining: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
  });

  refusalTo(): undefined {
    return undefined;
  }

  post(request: OutboundRequest): Promise<OutboundAnswer> {
    return post(this.client, request);
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** A client of HTTP that is loaded with its first request: many servers never send one. */
class LateClient {
  private agent: Agent | undefined;
  private isClosed = false;

  constructor(private readonly options: Agent.Options) {}

  /** @throws when the client is closed. */
  async use() {
    const { Agent, request } = await import('undici');
    if (this.isClosed) throw new Error('The connections to other servers are closed');
    this.agent ??= new Agent(this.options);
    return { agent: this.agent, request };
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.agent?.destroy();
  }
}

const post = async (client: LateClient, asked: OutboundRequest): Promise<OutboundAnswer> => {
  const signal = AbortSignal.timeout(asked.timeoutMs);
  const { agent, request } = await client.use();
  const { statusCode, headers, body } = await request(asked.url, {
    method: 'POST',
    headers: asked.headers,
    body: asked.body,
    dispatcher: agent,
    signal,
  });
  const limit = Math.min(asked.maxAnswerBytes ?? MAX_ANSWER_BYTES, MAX_ANSWER_BYTES);
  const chunks: Buffer[] = [];
  let size = 0;
  let isCut = false;
  try {
    // Leaving the loop early closes the connection: a body without end is not received.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      isCut = size > limit;
      if (isCut) break;
    }
  } catch {
    // The status has come; the body breaks off, is longer than its declared length, or takes too long.
    isCut = true;
  }
  const retryAfter = headers['retry-after'];
  return {
    status: statusCode,
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    text: Buffer.concat(chunks).subarray(0, limit).toString('utf8'),
    isCut,
  };
};

const notPublic = (): OutboundRefusal =>
  new OutboundRefusal(
    'leads to an address that is not public, and OUTBOUND_ALLOW does not name it',
  );
