/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/** Options every suite shares. Node loads the tests itself: see `runtime.cjs`. */
const base = {
  testEnvironment: '<rootDir>/test/support/runner/environment.cjs',
  runtime: '<rootDir>/test/support/runner/runtime.cjs',
  setupFilesAfterEnv: ['<rootDir>/test/support/setup.ts'],
  // Jest itself loads what starts and stops the database.
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
        module: { type: 'es6' },
      },
    ],
  },
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
  // By itself Jest leaves one core to itself, which on two cores is half of what there is.
  maxWorkers: '100%',
  // Workers share modules between files: they run in a process of their own, also for one file, and in a new one
  // when what they keep becomes too much.
  workerIdleMemoryLimit: '1GB',
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
