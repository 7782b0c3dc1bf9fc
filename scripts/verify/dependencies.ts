/**
 * Program: what package-lock.json says of our dependencies. Every one of them runs on the oldest Node that
 * package.json names, and what the server installs in production holds nothing of a browser's.
 */
import { readFileSync } from 'node:fs';
import { minVersion, satisfies } from 'semver';

/** One installed package; the root has the path `''`, a workspace's link has `link`. */
interface LockedPackage {
  version?: string;
  link?: boolean;
  resolved?: string;
  engines?: { node?: string };
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

type Lock = Record<string, LockedPackage>;

/** Packages of pages and clients. */
const OF_BROWSERS = /^(@parley-chat\/(?!embedded-mongo$)|react|socket\.io-client$)/;

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const { packages } = read('package-lock.json') as { packages: Lock };
const { engines } = read('package.json') as { engines: { node: string } };
const oldest = minVersion(engines.node)!.version;

/** The packages whose `engines` exclude a version of Node. */
const excluding = (version: string): string[] =>
  Object.entries(packages)
    .filter(([, { engines: needs }]) => needs?.node && !satisfies(version, needs.node))
    .map(([path, { engines: needs }]) => `${path} needs Node ${needs!.node!}, not ${version}`);

/** Where Node finds a package by its name from the folder of another: there, or in a folder above. */
const find = (from: string, name: string): string | undefined => {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = `${folder}${folder && '/'}node_modules/${name}`;
    const found = packages[path];
    if (found) return found.link ? found.resolved! : path;
    if (!folder) return undefined;
  }
};

const namesIn = ({ dependencies, optionalDependencies, peerDependencies }: LockedPackage) =>
  Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });

/** Name and way there of each package that `npm ci --omit=dev` installs for the server. */
const production = (): Map<string, string> => {
  const ways = new Map<string, string>();
  const visited = new Set<string>();
  const visit = (path: string, way: string) => {
    if (visited.has(path)) return;
    visited.add(path);
    for (const name of namesIn(packages[path]!)) {
      const found = find(path, name);
      if (found === undefined) continue;
      const next = `${way} → ${name}`;
      if (!ways.has(name)) ways.set(name, next);
      visit(found, next);
    }
  };
  visit('', 'parley');
  return ways;
};

const needed = production();
const problems = [
  ...excluding(oldest),
  ...[...needed]
    .filter(([name]) => OF_BROWSERS.test(name))
    .map(([, way]) => `in production: ${way}`),
];
for (const problem of problems) console.error(problem);
console.log(
  `${Object.keys(packages).length} packages for Node ${oldest}, ${needed.size} of them in production`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
