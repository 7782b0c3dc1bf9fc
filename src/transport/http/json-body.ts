import express from 'express';
import type { RequestHandler } from 'express';
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
    (res.locals.actor ? forUsers : forAnybody)(req, res, next);
  };
};
