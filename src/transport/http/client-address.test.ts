import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { clientAddress, plainForwarded, trustProxy } from './client-address.js';

const request = (remoteAddress: string, forwarded?: string): IncomingMessage => {
  const socket = Object.create(Socket.prototype, { remoteAddress: { value: remoteAddress } });
  const headers = { ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) };
  return { socket, connection: socket, headers } as unknown as IncomingMessage;
};

/** What Express itself says of the same request. */
const expressIp = (setting: string, req: IncomingMessage): string => {
  const app = express().set('trust proxy', trustProxy(setting));
  const seen = Object.create(app.request, {
    socket: { value: req.socket },
    connection: { value: req.socket },
    headers: { value: req.headers },
  }) as { ip: string };
  return seen.ip;
};

describe('clientAddress', () => {
  it.each([
    ['false', '2.2.2.2'],
    ['true', '1.1.1.1, 2.2.2.2'],
    ['1', '1.1.1.1, 2.2.2.2'],
    ['2', '1.1.1.1, 2.2.2.2'],
    ['10.0.0.0/8', '6.6.6.6, 7.7.7.7, 10.0.0.2'],
    ['loopback, 10.1.1.1', '7.7.7.7'],
    ['1', undefined],
  ])('with TRUST_PROXY=%s takes what was forwarded (%s) as Express does', (setting, forwarded) => {
    for (const peer of ['1.1.1.1', '10.1.1.1', '127.0.0.1', '::ffff:10.1.1.1']) {
      const req = request(peer, forwarded);
      expect(clientAddress(setting)(req)).toBe(expressIp(setting, req));
    }
  });

  it.each([
    ['1', '1.1.1.1:40001', '1.1.1.1'],
    ['1', '6.6.6.6, [2001:db8::1]:40001', '2001:db8::1'],
    ['1', '::ffff:1.1.1.1', '1.1.1.1'],
    ['10.0.0.0/8', '6.6.6.6:1, 7.7.7.7:2, 10.0.0.2:3', '7.7.7.7'],
    ['loopback, 10.0.0.0/8', '7.7.7.7, [::1]:443', '7.7.7.7'],
    ['true', '1.1.1.1:5, 2.2.2.2', '1.1.1.1'],
  ])(
    'with TRUST_PROXY=%s knows the client in %s as %s, and so does Express',
    (setting, forwarded, address) => {
      const req = request('10.1.1.1', forwarded);
      expect(clientAddress(setting)(req)).toBe(address);
      plainForwarded(req);
      expect(expressIp(setting, req)).toBe(address);
    },
  );

  it('leaves a request alone that says nothing of proxies', () => {
    const req = request('10.1.1.1');
    plainForwarded(req);
    expect(req.headers).toEqual({});
  });

  it('does not believe a client that names another address', () => {
    expect(clientAddress('false')(request('1.1.1.1', '127.0.0.1'))).toBe('1.1.1.1');
    expect(clientAddress('1')(request('10.1.1.1', '127.0.0.1, 1.1.1.1'))).toBe('1.1.1.1');
  });

  it('keeps no more of a header than an address can be long', () => {
    expect(clientAddress('1')(request('10.1.1.1', 'x'.repeat(8000)))).toHaveLength(64);
  });
});
