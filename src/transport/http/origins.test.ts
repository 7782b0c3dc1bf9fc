import { describe, expect, it } from '@jest/globals';
import type { CorsOptions } from 'cors';
import { corsOptions } from './origins.js';

const LISTED = ['https://chat.example.com', 'http://localhost:3000'];

const told = (
  config: Parameters<typeof corsOptions>[0],
  origin: string | undefined,
): CorsOptions | undefined => {
  let options: CorsOptions | undefined;
  corsOptions(config)({ headers: { ...(origin !== undefined && { origin }) } }, (_error, given) => {
    options = given;
  });
  return options;
};

describe('a page of another origin', () => {
  it.each([
    [LISTED, 'production', 'https://chat.example.com', true],
    [LISTED, 'production', 'http://localhost:3000', true],
    [LISTED, 'production', 'https://chat.example.com:8443', false],
    [LISTED, 'production', 'https://chat.example.com.evil.example', false],
    [LISTED, 'production', 'null', false],
    [LISTED, 'development', 'https://evil.example', false],
    [LISTED, 'production', undefined, false],
    [[], 'production', 'https://chat.example.com', false],
    [[], 'development', 'https://anything.example', true],
  ] as const)(
    'with the origins %j in %s and the origin %s may send credentials: %s',
    (corsOrigins, nodeEnv, origin, isAllowed) => {
      const config = { corsOrigins: [...corsOrigins], nodeEnv };
      expect(told(config, origin)).toMatchObject({ credentials: isAllowed });
    },
  );
});
