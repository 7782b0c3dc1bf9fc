/** @jest-config-loader esbuild-register */
import { readFileSync } from 'node:fs';
import type { Config } from 'jest';

const { compilerOptions } = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as {
  compilerOptions: { paths: Record<string, [string]> };
};

/** Our packages as their sources are now: the names that tsconfig.json gives to tsc and tsx. */
const packages = Object.fromEntries(
  Object.entries(compilerOptions.paths).map(([name, [source]]) => [
    `^${name}$`,
    source.replace('./', '<rootDir>/'),
  ]),
);

/** Options every suite shares: native ESM, TypeScript through swc, no automatic mocks. */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
      },
    ],
  },
  moduleNameMapper: { ...packages, '^(\\.{1,2}/.*)\\.js$': '$1' },
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
};

/** Suites that talk to a server share one database server, started once per run. */
const withDatabase = {
  ...base,
  globalSetup: '<rootDir>/test/support/database.ts',
  globalTeardown: '<rootDir>/test/support/database-teardown.ts',
};

const suite = (name: string, options: object = withDatabase, others: string[] = []) => ({
  ...options,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`, ...others],
});

const config: Config = {
  // Far more than any test takes: only what hangs is ended, not what a busy machine does slowly.
  testTimeout: 120_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/src/**/*.test.ts', '<rootDir>/packages/*/src/**/*.test.ts'],
    },
    suite('integration'),
    suite('realtime'),
    suite('contract'),
    suite('faults'),
    suite('embedded', base, ['<rootDir>/packages/embedded-mongo/test/**/*.test.ts']),
    suite('chaos'),
    suite('e2e'),
  ],
};

export default config;
