/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

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
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
};

/** Suites that talk to a server share one database server, started once per run. */
const withDatabase = {
  ...base,
  globalSetup: '<rootDir>/test/support/database.ts',
  globalTeardown: '<rootDir>/test/support/database-teardown.ts',
};

const suite = (name: string, options: object = withDatabase) => ({
  ...options,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
});

const config: Config = {
  // Far more than any test takes: only what hangs is ended, not what a busy machine does slowly.
  testTimeout: 120_000,
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.test.ts'] },
    suite('integration'),
    suite('realtime'),
    suite('contract'),
    suite('embedded', base),
    suite('chaos'),
    suite('e2e'),
  ],
};

export default config;
