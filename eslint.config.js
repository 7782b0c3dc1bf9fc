import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import jest from 'eslint-plugin-jest';
import prettier from 'eslint-config-prettier';

export default tseslint.config(
  { ignores: ['**/dist/', '**/.expo/', 'data/', 'coverage/', '**/node_modules/'] },
  js.configs.recommended,
  {
    files: ['test/support/runner/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { __filename: 'readonly', process: 'readonly' },
    },
  },
  {
    // Each with a configuration and packages of its own, which are not installed here: no rules that need types.
    files: ['examples/**/*.ts', 'examples/**/*.tsx'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    ignores: ['examples/**'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports' },
      ],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    // One wrapper validates, limits, authorises and answers every frame: a raw listener can kill the
    // process with a single malformed frame, so only the wrapper itself may attach one.
    files: ['src/**/*.ts'],
    ignores: ['src/transport/socket/dispatcher.ts', '**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.type='MemberExpression'][callee.object.name='socket'][callee.property.name=/^(on|once|addListener|onAny|prependListener)$/]",
          message:
            'Attach socket listeners through CommandDispatcher (src/transport/socket/dispatcher.ts).',
        },
        {
          selector: "MemberExpression[object.name='process'][property.name='exit']",
          message: 'Only src/main.ts ends the process.',
        },
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Read settings from the typed configuration.',
        },
      ],
    },
  },
  {
    files: [
      'src/main.ts',
      'src/make-admin.ts',
      'src/migration/embedded-folder.ts',
      'src/config/**',
      // A process of its own, and what starts it with a few names of the environment.
      'src/modules/media/media-worker.ts',
      'src/modules/media/media-workers.ts',
    ],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts', 'packages/*/test/**/*.ts'],
    extends: [jest.configs['flat/recommended']],
    rules: {
      'jest/no-disabled-tests': 'error',
      'jest/no-focused-tests': 'error',
      'jest/expect-expect': [
        'error',
        { assertFunctionNames: ['expect*', '**.expect*', 'fc.assert'] },
      ],
      'jest/no-conditional-expect': 'off',
      'jest/no-standalone-expect': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
    },
  },
  {
    files: [
      'scripts/**',
      'test/**',
      'packages/*/scripts/**',
      'packages/*/test/**',
      'src/make-admin.ts',
      'src/backup.ts',
      'src/migrate-to-mongodb.ts',
      'src/migration/**',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        URL: 'readonly',
        URLSearchParams: 'readonly',
        TextEncoder: 'readonly',
        fetch: 'readonly',
        FormData: 'readonly',
        Blob: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        window: 'readonly',
        document: 'readonly',
        location: 'readonly',
        localStorage: 'readonly',
        navigator: 'readonly',
      },
    },
  },
  prettier,
);
