import type { IncomingMessage } from 'node:http';
import express from 'express';
import { plainAddress } from '../../shared/plain-address.js';

/** Express' `trust proxy` from its setting: a boolean, a number of hops, or addresses. */
export const trustProxy = (setting: string): boolean | number | string[] => {
  if (setting === 'true' || setting === 'false') return setting === 'true';
  return /^\d+$/.test(setting) ? Number(setting) : setting.split(',').map((part) => part.trim());
};

const trustOf = (setting: string) =>
  express().set('trust proxy', trustProxy(setting)).get('trust proxy fn') as (
    address: string,
    hop: number,
  ) => boolean;

/**
 * Whether the other end of a connection is a proxy of ours, whose clients are known by what it says of them.
 *
 * @param setting the value of TRUST_PROXY.
 */
export const isTrustedProxy = (setting: string): ((address: string) => boolean) => {
  const isTrusted = trustOf(setting);
  return (address) => isTrusted(address, 0);
};

/**
 * Writes the addresses in `X-Forwarded-For` without ports and brackets. Some proxies (Azure's, IIS) add the port
 * of each connection: one client would else count as many, and no address would be a trusted one.
 */
export const plainForwarded = ({ headers }: Pick<IncomingMessage, 'headers'>): void => {
  const forwarded = headers['x-forwarded-for'];
  if (forwarded === undefined) return;
  headers['x-forwarded-for'] = [forwarded].flat().join(',').split(',').map(plainAddress).join(', ');
};

/** A header may be long; an address never is. */
const MAX_LENGTH = 64;

/**
 * The client's address of a request that Express does not see, such as the first of a socket: by the
 * same setting, and by Express' own test of whom to trust, as `req.ip`.
 *
 * @param setting the value of TRUST_PROXY.
 */
export const clientAddress = (setting: string): ((req: IncomingMessage) => string) => {
  const isTrusted = trustOf(setting);
  return (req) => {
    const forwarded = [req.headers['x-forwarded-for'] ?? []].flat().join(',');
    const proxies = forwarded.split(',').map(plainAddress);
    // From the nearest machine to the farthest; what an address that is not trusted has sent is not believed.
    const hops = [req.socket.remoteAddress ?? '', ...proxies.filter(Boolean).reverse()];
    return hops
      .at(hops.findIndex((address, hop) => !isTrusted(address, hop)))!
      .slice(0, MAX_LENGTH);
  };
};
