import { describe, expect, it } from '@jest/globals';
import type { ConfigError } from './load-config.js';
import { listenAddress, loadConfig } from './load-config.js';

/** What is wrong with these settings; undefined when nothing is. */
const problemsOf = (env: NodeJS.ProcessEnv): string[] | undefined => {
  try {
    loadConfig(env);
    return undefined;
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

describe('the settings', () => {
  it('need nothing outside production', () => {
    expect(problemsOf({})).toBeUndefined();
  });

  it.each([
    ['TRUST_PROXY', 'nginx', 'TRUST_PROXY must be false, a number of hops, or'],
    ['TRUST_PROXY', '10.0.0.0/33', 'TRUST_PROXY must be'],
    ['TRUST_PROXY', '10.0.0.0/8:80', 'TRUST_PROXY must be'],
    ['TRUST_PROXY', '[::1', 'TRUST_PROXY must be'],
    ['MONGODB_URI', 'localhost:27017/chat', 'MONGODB_URI must be a connection string'],
    ['MONGO_URI', 'http://u:geheim@db', 'MONGO_URI must be a connection string'],
    ['REDIS_URL', 'http://u:geheim@cache:6379', 'REDIS_URL must be a connection string'],
    ['METRICS_TOKEN', 'a geheim token of some length', 'METRICS_TOKEN must be without spaces'],
    ['JWT_EXPIRES_IN', 'soon', 'JWT_EXPIRES_IN must be a duration such as 15m'],
    ['JWT_EXPIRES_IN', '0', 'JWT_EXPIRES_IN must be a duration'],
    ['HEAD_DIGEST_MS', '99999999999', 'HEAD_DIGEST_MS must be less than or equal to 2147483647'],
    ['PORT', '70000', 'PORT must be a valid port'],
    ['CORS_ORIGINS', '*', 'CORS_ORIGINS cannot be *'],
    ['CLIENT_URL', 'chat.example.com', 'CLIENT_URL must name origins such as'],
    ['FRONTEND_URL', 'https://example.com/app', 'FRONTEND_URL must name origins such as'],
  ])('are refused under the name that was used: %s=%s', (name, value, problem) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems![0]).not.toContain('geheim');
  });

  it.each([
    'false',
    'true',
    '2',
    'loopback',
    '10.0.0.0/8, 192.168.1.1',
    'fd00::/8',
    '10.0.0.0/255.0.0.0',
  ])('take %s for the proxies that are trusted', (value) => {
    expect(loadConfig({ TRUST_PROXY: value }).trustProxy).toBe(value);
  });

  it.each([
    ['10.0.0.1:8080,[fd00::1]:443', '10.0.0.1, fd00::1'],
    ['[::1]', '::1'],
    ['[fd00::]/8', 'fd00::/8'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['loopback, [2001:db8::1]:80', 'loopback, 2001:db8::1'],
  ])('take %s for proxies and leave out ports and brackets', (value, proxies) => {
    expect(loadConfig({ TRUST_PROXY: value }).trustProxy).toBe(proxies);
  });

  it.each(['redis://cache:6379/1', 'rediss://:secret@cache', 'cache:6379', '/run/redis.sock'])(
    'take %s for a Redis',
    (value) => {
      expect(loadConfig({ REDIS_URL: value }).redisUrl).toBe(value);
    },
  );

  it('know an origin however its address was copied, under all of its names', () => {
    const { corsOrigins } = loadConfig({
      CORS_ORIGINS: 'https://Chat.example.com:443/, http://localhost:3000',
      CLIENT_URL: 'http://localhost:5173/',
      FRONTEND_URL: 'capacitor://localhost',
    });
    expect(corsOrigins).toEqual([
      'https://chat.example.com',
      'http://localhost:3000',
      'http://localhost:5173',
      'capacitor://localhost',
    ]);
  });

  it('name everything that production insists on', () => {
    expect(problemsOf({ NODE_ENV: 'production', JWT_SECRET: 'short' })).toEqual([
      expect.stringContaining('MONGODB_URI'),
      expect.stringContaining('JWT_SECRET'),
      expect.stringContaining('CORS_ORIGINS'),
    ]);
  });
});

describe('the address to listen on', () => {
  const production = {
    NODE_ENV: 'production',
    MONGODB_URI: 'mongodb://db/parley',
    JWT_SECRET: 'x'.repeat(32),
    CORS_ORIGINS: 'https://chat.example.com',
  };

  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['this machine alone in development', {}, '127.0.0.1'],
    ['this machine alone in tests', { NODE_ENV: 'test', HOST: '' }, '127.0.0.1'],
    ['every address in production', production, '0.0.0.0'],
    ['the one that HOST names', { HOST: '0.0.0.0' }, '0.0.0.0'],
    ['the one that HOST names, in production too', { ...production, HOST: '::1' }, '::1'],
  ])('is %s', (_, env, address) => {
    expect(listenAddress(loadConfig(env))).toBe(address);
  });
});
