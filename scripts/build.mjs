/**
 * Builds the `dist` of every package and then, on their types, that of the server: compiles, copies the files
 * that are not TypeScript, and bundles for browsers the programs of `src/web`, when there are any, and the
 * client (`packages/client/dist/browser.js`).
 *
 * With `--if-needed` it does nothing while the sources are the ones of the last build, so that
 * `npm start` is quick and yet never runs old code. With `--web` it builds the pages alone, for
 * development and for tests, where the server runs from its sources.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const web = join(root, 'src/web');
/** Our packages, each after those that it imports. */
const PACKAGES = ['packages/embedded-mongo', 'packages/client', 'packages/react'];
const stamp = join(dist, '.sources');
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

const hashOfInputs = () => {
  const hash = createHash('sha256');
  for (const file of [...INPUTS.map((name) => join(root, name)), ...sources]) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
};

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

/** Builds the pages alone, beside whatever else there is. */
const buildWeb = async () => {
  copyAssets(web);
  await bundleWeb();
};

const buildAll = async () => {
  const hash = hashOfInputs();
  const packagesDist = PACKAGES.map((folder) => join(root, folder, 'dist'));
  const isCurrent =
    packagesDist.every((folder) => existsSync(folder)) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === hash;
  if (process.argv.includes('--if-needed') && isCurrent) return;
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
  await (process.argv.includes('--web') ? buildWeb() : buildAll());
} catch (error) {
  console.error(`The build failed: ${error.message}`);
  process.exitCode = 1;
}
