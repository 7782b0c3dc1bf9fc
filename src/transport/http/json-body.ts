import express from 'express';
import type { Request, RequestHandler } from 'express';
import { AppError } from '../../shared/errors.js';

/** A JSON body is a message and its attachments' descriptions, or a sync of thousands of chats, at most. */
const SIGNED_IN_KB = 256;

const parser = (kilobytes: number, hint: string): RequestHandler => {
  const parse = express.json({ limit: kilobytes * 1024, strict: true });
  return (req, res, next) => {
    parse(req, res, (error: unknown) => {
      const isTooLarge = (error as { type?: unknown } | undefined)?.type === 'entity.too.large';
      const message = `The body may have ${kilobytes} kB at most${hint}`;
      next(isTooLarge ? new AppError('PAYLOAD_TOO_LARGE', message, { cause: error }) : error);
    });
  };
};

/** The parameter of a Content-Type, in quotes or not. */
const CHARSET = /;\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^;\s]*))/i;

/**
 * Gives the charset of a JSON body its own name. `utf8` is what many clients call UTF-8; JSON has no other.
 *
 * @throws {AppError} UNSUPPORTED_MEDIA_TYPE for every other charset.
 */
const requireUtf8 = (req: Request): void => {
  const type = req.headers['content-type'] ?? '';
  const [parameter, ...values] = CHARSET.exec(type) ?? [];
  const charset = values.find((value) => value)?.trim();
  if (parameter === undefined || charset === undefined) return;
  if (!/^utf-?8$/i.test(charset)) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'The charset of a JSON body must be UTF-8');
  }
  req.headers['content-type'] = type.replace(parameter, '; charset=utf-8');
};

/**
 * Reads a JSON body, once it is known who sends it: a caller with a valid token may send 256 kB, everybody
 * else `anonymousKb`, counted after unpacking. Forms are left to their routes.
 *
 * @param anonymousKb kilobytes; 0 sets no limit of its own.
 */
export const jsonBody = (anonymousKb: number): RequestHandler => {
  const forUsers = parser(SIGNED_IN_KB, '');
  const forAnybody =
    anonymousKb === 0 || anonymousKb >= SIGNED_IN_KB
      ? forUsers
      : parser(anonymousKb, ' without a login');
  return (req, res, next) => {
    if (req.is('json')) requireUtf8(req);
    (res.locals.actor ? forUsers : forAnybody)(req, res, next);
  };
};
