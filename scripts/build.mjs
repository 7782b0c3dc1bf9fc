/**
 * Builds the `dist` of every package and then, on their types, that of the server: compiles, copies the files
 * that are not TypeScript, and bundles for browsers the programs of `src/web`, when there are any, and the
 * client (`packages/client/dist/browser.js`).
 *
 * With `--if-needed` it does nothing while the sources are the ones of the last build, so that
 * `npm start` is quick and yet never runs old code. With `--web` it builds the pages of `src/web` alone, with
 * `--app` the chat client and the console (`packages/web`), for development and for tests, where the server runs
 * from its sources.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const web = join(root, 'src/web');
/** Our packages, each after those that it imports. */
const PACKAGES = ['packages/embedded-mongo', 'packages/client', 'packages/react'];
const stamp = join(dist, '.sources');
/** The chat client and the console, which are built of the packages' sources, and apart from the server. */
const app = join(root, 'packages/web');
const appDist = join(app, 'dist');
const appStamp = join(appDist, '.sources');
/** Files besides the sources that decide what the build gives. */
const INPUTS = [
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
  'scripts/build.mjs',
  ...PACKAGES.flatMap((folder) => [`${folder}/package.json`, `${folder}/tsconfig.build.json`]),
];

const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

const isTest = (file) => /\.test\.\w+$/.test(file);
const sources = ['src', ...PACKAGES.map((folder) => `${folder}/src`)]
  .flatMap((folder) => filesUnder(join(root, folder)))
  .filter((file) => !isTest(file));

const hashOf = (files) => {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
};

const hashOfInputs = () => hashOf([...INPUTS.map((name) => join(root, name)), ...sources]);

const hashOfApp = () => {
  const own = ['src', 'vite'].flatMap((folder) => filesUnder(join(app, folder)));
  const others = sources.filter((file) => /packages.(client|react).src/.test(file));
  const names = ['tsconfig.json', 'package-lock.json', 'scripts/build.mjs'];
  const files = ['app.html', 'admin.html', 'package.json', 'tsconfig.json', 'vite.config.ts'];
  return hashOf([
    ...names.map((name) => join(root, name)),
    ...files.map((name) => join(app, name)),
    ...[...own, ...others].filter((file) => !isTest(file)),
  ]);
};

const isBuilt = (file, hash) => existsSync(file) && readFileSync(file, 'utf8') === hash;
const isIfNeeded = process.argv.includes('--if-needed');

const compile = (project) => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
};

const isAsset = (file) => extname(file) !== '.ts' && !basename(file).startsWith('tsconfig.');

const copyAssets = (folder) => {
  for (const file of sources.filter((name) => name.startsWith(folder) && isAsset(name))) {
    cpSync(file, join(dist, relative(join(root, 'src'), file)));
  }
};

const bundleWeb = async () => {
  const entryPoints = existsSync(web)
    ? readdirSync(web).filter((name) => name.endsWith('.ts') && !isTest(name))
    : [];
  if (entryPoints.length === 0) return;
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: web,
    entryPoints,
    outdir: join(dist, 'web'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    logLevel: 'warning',
  });
};

/** The client as one file for browsers; programs import `dist/index.js`. */
const bundleClient = async () => {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: join(root, 'packages/client'),
    entryPoints: { browser: 'src/index.ts' },
    outdir: 'dist',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    logLevel: 'warning',
  });
};

/** Files shorter than this are sent as they are, in bytes: compressed, they take as many packets. */
const COMPRESS_FROM = 1000;

/** Puts a compressed copy beside each file, as browsers take it: once, and not at each request. */
const compressFiles = async (folder) => {
  const files = filesUnder(folder).filter((file) => /\.(js|css|svg|json)$/.test(file));
  await Promise.all(
    files.map(async (file) => {
      const content = readFileSync(file);
      if (content.length < COMPRESS_FROM) return;
      writeFileSync(`${file}.br`, await promisify(brotliCompress)(content));
      writeFileSync(`${file}.gz`, await promisify(gzip)(content));
    }),
  );
};

/** Builds the chat client and the console. */
const buildApp = async () => {
  const hash = hashOfApp();
  if (isIfNeeded && isBuilt(appStamp, hash)) return;
  const start = performance.now();
  console.log('building packages/web/dist …');
  // Whoever calls this may run as `test`, which would bring React with its checks for developers.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  await build({ configFile: join(app, 'vite.config.ts'), logLevel: 'warn' });
  for (const folder of ['assets', 'emoji']) await compressFiles(join(appDist, folder));
  writeFileSync(appStamp, hash);
  console.log(`built packages/web/dist in ${((performance.now() - start) / 1000).toFixed(1)} s`);
};

/** Builds the pages alone, beside whatever else there is. */
const buildWeb = async () => {
  copyAssets(web);
  await bundleWeb();
};

const buildAll = async () => {
  const hash = hashOfInputs();
  const packagesDist = PACKAGES.map((folder) => join(root, folder, 'dist'));
  const isCurrent = packagesDist.every((folder) => existsSync(folder)) && isBuilt(stamp, hash);
  if (isIfNeeded && isCurrent) return;
  const start = performance.now();
  console.log('building dist …');
  for (const folder of [dist, ...packagesDist]) rmSync(folder, { recursive: true, force: true });
  for (const folder of PACKAGES) compile(`${folder}/tsconfig.build.json`);
  compile('tsconfig.build.json');
  copyAssets(join(root, 'src'));
  await bundleWeb();
  await bundleClient();
  writeFileSync(stamp, hash);
  console.log(`built dist in ${((performance.now() - start) / 1000).toFixed(1)} s`);
};

try {
  const parts = ['--web', '--app'].filter((part) => process.argv.includes(part));
  if (parts.length === 0) await buildAll();
  if (parts.includes('--web')) await buildWeb();
  if (parts.length === 0 || parts.includes('--app')) await buildApp();
} catch (error) {
  console.error(`The build failed: ${error.message}`);
  process.exitCode = 1;
}
