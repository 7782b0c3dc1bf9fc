/** Who may import whom. The reasons stand in docs/architecture.md. */
const moduleOf = '^src/modules/([^/]+)/';
/** What others may import of a module. */
const moduleIndex = '^src/modules/[^/]+/index\\.ts$';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-cycles-of-types-either',
      severity: 'error',
      from: { path: '^src/(api|modules|platform|shared|transport)/' },
      to: { circular: true },
    },
    {
      name: 'shared-knows-nobody',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^src/', pathNot: '^src/shared/' },
    },
    {
      name: 'platform-knows-no-module',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(modules|api|transport|web)/' },
    },
    {
      name: 'modules-meet-at-their-index',
      comment: 'Another module is known by its index.ts alone.',
      severity: 'error',
      from: { path: moduleOf },
      to: { path: moduleOf, pathNot: ['^src/modules/$1/', moduleIndex] },
    },
    {
      name: 'outsiders-use-the-index',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/modules/' },
      to: { path: moduleOf, pathNot: moduleIndex },
    },
    {
      name: 'modules-know-no-transport-and-no-api',
      comment: 'A use case takes and answers values; how it is spoken is the business of src/api.',
      severity: 'error',
      from: { path: moduleOf },
      to: { path: ['^src/(api|transport)/', 'node_modules/(express|multer|socket\\.io)/'] },
    },
    {
      name: 'api-folders-do-not-know-each-other',
      comment: 'What several dialects need lies in src/api/shared, which knows none of them.',
      severity: 'error',
      from: { path: '^src/api/([^/]+)/' },
      to: { path: '^src/api/', pathNot: ['^src/api/$1/', '^src/api/shared/'] },
    },
    {
      name: 'policies-and-shapes-do-no-io',
      severity: 'error',
      from: { path: '\\.(policy|shapes)\\.ts$' },
      to: {
        path: [
          '^src/(platform|transport)/',
          '\\.(model|repository|routes|commands|events)\\.ts$',
          'node_modules/(mongoose|ioredis)/',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'transport-knows-modules-by-type-only',
      comment: 'The tables are handed to the transports; of modules they may know types.',
      severity: 'error',
      from: { path: '^src/transport/' },
      to: { path: '^src/modules/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'transport-knows-no-api',
      severity: 'error',
      from: { path: '^src/transport/' },
      to: { path: '^src/api/' },
    },
    {
      name: 'wiring-is-known-to-main-alone',
      comment: 'Nobody reaches for a part; each is handed what it needs.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|main|modules)\\.ts$' },
      to: { path: '^src/(app|main|modules|domain-events)\\.ts$' },
    },
    {
      name: 'models-are-known-to-repositories',
      comment:
        'Every query of a collection stands in its repository. An index registers the models of its module, and ' +
        'passes on the lists of values that schemas share.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['\\.(repository|model)\\.ts$', '^src/modules/[^/]+/index\\.ts$'],
      },
      to: { path: '\\.model\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-log-has-one-door',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/modules/messages/log/' },
      to: {
        path: '^src/modules/messages/log/',
        pathNot: '^src/modules/messages/log/index\\.ts$',
      },
    },
    {
      name: 'packages-know-no-server',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(src|test|scripts)/' },
    },
    {
      name: 'packages-are-known-by-name',
      comment: 'By the names that their package.json exports, as everybody else knows them.',
      severity: 'error',
      from: { path: '^(?:src|packages/([^/]+))/' },
      to: {
        path: '^packages/',
        pathNot: '^packages/$1/',
        dependencyTypesNot: ['aliased-tsconfig-paths'],
      },
    },
    {
      name: 'packages-know-the-client-and-its-hooks-at-most',
      comment:
        'The hooks are built on the client, the pages on both; nothing else is built on another package.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: {
        path: '^packages/',
        pathNot: ['^packages/$1/', '^packages/client/', '^packages/react/'],
      },
    },
    {
      name: 'hooks-and-pages-alone-are-built-on-the-client',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/(client|react|web)/' },
      to: { path: '^packages/client/' },
    },
    {
      name: 'pages-alone-are-built-on-the-hooks',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/(react|web)/' },
      to: { path: '^packages/react/' },
    },
    {
      name: 'packages-import-what-they-depend-on',
      comment:
        'What is not in the package’s own package.json is not there where somebody installs it.',
      severity: 'error',
      // Nobody installs the pages: they are bundled, and all that they are built of is for development.
      from: { path: '^packages/', pathNot: '^packages/web/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'server-knows-no-client',
      comment: 'Only the pages are built on it; in production it is not there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/web/' },
      to: { path: '^packages/(client|react|web)/|node_modules/(react|socket\\.io-client)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['\\.test\\.ts$', '^packages/[^/]+/(dist|test|scripts)/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js'] },
  },
};
