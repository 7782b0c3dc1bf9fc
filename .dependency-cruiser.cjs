/** Who may import whom. The reasons stand in docs/architecture.md. */
const moduleOf = '^src/modules/([^/]+)/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'shared-knows-nobody',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^src/', pathNot: '^src/shared/' },
    },
    {
      name: 'modules-meet-at-their-index',
      comment: 'Another module is known by its index.ts alone.',
      severity: 'error',
      from: { path: moduleOf },
      to: { path: moduleOf, pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/index\\.ts$'] },
    },
    {
      name: 'outsiders-use-the-index',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/modules/' },
      to: { path: moduleOf, pathNot: '/index\\.ts$' },
    },
    {
      name: 'services-know-no-transport',
      severity: 'error',
      from: { path: '\\.(service|policy|model|presenter|events)\\.ts$' },
      to: { path: ['^src/(http|realtime|dialects)/', 'node_modules/(express|socket\\.io)/'] },
    },
    {
      name: 'policies-and-presenters-do-no-io',
      severity: 'error',
      from: { path: '\\.(policy|presenter)\\.ts$' },
      to: {
        path: [
          '^src/platform/',
          '\\.(model|service|routes|gateway)\\.ts$',
          'node_modules/(mongoose|ioredis)/',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'platform-knows-no-module',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: '^src/(modules|http|realtime|dialects|web)/' },
    },
    {
      name: 'transports-know-no-module',
      comment: 'The composition root hands modules to the transports.',
      severity: 'error',
      from: { path: '^src/(http|realtime)/' },
      to: { path: '^src/modules/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'composition-is-known-to-the-container-alone',
      comment: 'Nobody reaches for a part; each is handed what it needs.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(composition/|container\\.ts$|main\\.ts$)' },
      to: { path: '^src/(composition/|container\\.ts$|main\\.ts$)' },
    },
    {
      name: 'areas-know-no-transport',
      comment: 'An area builds use cases; of the transports it knows types and the names of rooms.',
      severity: 'error',
      from: { path: '^src/composition/[^/]+\\.area\\.ts$' },
      to: {
        path: '^src/(http|realtime|dialects)/',
        pathNot: '^src/realtime/rooms\\.ts$',
        dependencyTypesNot: ['type-only'],
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
      name: 'packages-import-what-they-depend-on',
      comment:
        'What is not in the package’s own package.json is not there where somebody installs it.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'server-knows-no-client',
      comment: 'Only the pages are built on it; in production it is not there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/web/' },
      to: { path: '^packages/client/|node_modules/socket\\.io-client/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['\\.test\\.ts$', '^packages/[^/]+/(dist|test|scripts)/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
