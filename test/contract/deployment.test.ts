/** Deployment files and documents name paths, variables, ports, services and codes: every one must exist. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { loadConfig, settings } from '../../src/config/index.js';
import { ERROR_STATUS } from '../../src/shared/errors.js';

const read = (path: string): string => readFileSync(path, 'utf8');
interface Manifest {
  name?: string;
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
}
const readManifest = (path: string): Manifest => JSON.parse(read(path)) as Manifest;
const SETTINGS = new Set(Object.values(settings).flatMap(({ env, aliases }) => [env, ...aliases]));
const PORT = String(settings.port.schema.validate(undefined).value);

interface Service {
  image?: string;
  build?: string;
  environment?: Record<string, string>;
  env_file?: { path: string; required: boolean }[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: object;
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const apps = services.filter(([, service]) => service.build);
const dockerfile = read('Dockerfile')
  .replaceAll('\\\n', '')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line && !line.startsWith('#'));
const instructions = (name: string): string[] =>
  dockerfile
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => line.slice(name.length + 1));

/** Whether `.dockerignore`, which lists what is let in, lets the path or a folder above it in. */
const isInBuildContext = (path: string): boolean =>
  read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .some((line) => `${path}/`.startsWith(`${line.slice(1)}/`));

describe('Dockerfile', () => {
  it('copies only files that exist and that the build context has', () => {
    const copied = instructions('COPY')
      .filter((line) => !line.startsWith('--from'))
      .flatMap((line) => line.split(/\s+/).slice(0, -1));
    expect(copied).toContain('src');
    for (const path of copied) {
      expect([path, existsSync(path), isInBuildContext(path)]).toEqual([path, true, true]);
    }
  });

  it('installs every package, and keeps those that the server depends on', () => {
    const manifests = readdirSync('packages').map((name) => `packages/${name}/package.json`);
    const copies = instructions('COPY').map((line) => line.split(/\s+/));
    const early = copies
      .slice(
        0,
        copies.findIndex((words) => words.includes('packages')),
      )
      .flat();
    expect(early).toEqual(expect.arrayContaining(manifests));

    const { dependencies } = readManifest('package.json');
    const kept = copies.filter(([from]) => from === '--from=build').flat();
    const removed = instructions('RUN')
      .flatMap((command) => command.split('&&'))
      .filter((command) => command.trim().startsWith('rm -r '))
      .flatMap((command) => command.split(/\s+/));
    for (const manifest of manifests) {
      const folder = manifest.replace('/package.json', '');
      const isNeeded = Object.hasOwn(dependencies!, readManifest(manifest).name!);
      expect([manifest, kept.includes(`/app/${manifest}`)]).toEqual([manifest, isNeeded]);
      expect([folder, kept.includes(`/app/${folder}/dist`)]).toEqual([folder, isNeeded]);
      expect([folder, removed.includes(folder)]).toEqual([folder, !isNeeded]);
    }
  });

  it('runs scripts that package.json has', () => {
    const { scripts } = readManifest('package.json');
    const named = [
      ...instructions('RUN')
        .join(' ')
        .matchAll(/npm run ([\w:-]+)/g),
    ];
    expect(named.length).toBeGreaterThan(0);
    for (const [, name] of named) expect(Object.keys(scripts!)).toContain(name);
  });

  it('sets only variables that are settings', () => {
    const names = instructions('ENV').flatMap((line) =>
      [...line.matchAll(/(\w+)=/g)].map((match) => match[1]),
    );
    expect(names).toContain('NODE_ENV');
    expect(names.filter((name) => !SETTINGS.has(name!))).toEqual([]);
  });

  it('listens where it says, as a user without rights, with a health check', () => {
    expect(instructions('EXPOSE')).toEqual([PORT]);
    expect(instructions('USER')).toEqual(['node']);
    expect(instructions('HEALTHCHECK').join()).toContain('/health');
    expect(instructions('CMD').join()).toContain('dist/main.js');
  });
});

/** As Docker Compose fills in variables that are not set: `${NAME:-default}`. */
const withDefaults = (environment: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]),
  );

describe('docker-compose.yml', () => {
  it('gives the nodes settings that exist and with which production starts', () => {
    expect(apps.map(([name]) => name)).toEqual(['app-1', 'app-2']);
    for (const [, { environment = {} }] of apps) {
      expect(Object.keys(environment).filter((name) => !SETTINGS.has(name))).toEqual([]);
      const config = loadConfig({ ...withDefaults(environment), JWT_SECRET: 'x'.repeat(32) });
      expect(config.nodeEnv).toBe('production');
    }
  });

  it('lets a file .env add settings, and change none on which the services agree', () => {
    for (const [, { env_file: files, environment = {} }] of apps) {
      expect(files).toEqual([{ path: '.env', required: false }]);
      const agreed = [
        'NODE_ENV',
        'HOST',
        'PORT',
        'MONGODB_URI',
        'REDIS_URL',
        'TRUST_PROXY',
        'DATA_DIR',
      ];
      expect(Object.keys(environment)).toEqual(expect.arrayContaining(agreed));
      expect(environment.PORT).toBe(PORT);
    }
  });

  it('points the nodes at services of its own', () => {
    for (const [, { environment = {} }] of apps) {
      const hosts = [environment.MONGODB_URI, environment.REDIS_URL].map(
        (uri) => new URL(uri!).hostname,
      );
      for (const host of hosts) expect(Object.keys(compose.services)).toContain(host);
    }
  });

  it('mounts files and volumes that exist', () => {
    const sources = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => volume.split(':')[0]!),
    );
    expect(sources.length).toBeGreaterThan(2);
    for (const source of sources) {
      const isThere = source.startsWith('.') ? existsSync(source) : source in compose.volumes;
      expect([source, isThere]).toEqual([source, true]);
    }
  });

  it('waits only for the health of services that can tell', () => {
    const hasHealth = (name: string) =>
      Boolean(compose.services[name]?.healthcheck ?? compose.services[name]?.build);
    for (const [, { depends_on: needs = {} }] of services) {
      for (const [name, { condition }] of Object.entries(needs)) {
        expect(Object.keys(compose.services)).toContain(name);
        if (condition === 'service_healthy') expect([name, hasHealth(name)]).toEqual([name, true]);
      }
    }
  });
});

describe('sample configurations of balancers', () => {
  it.each(['docs/deploy/nginx.conf', 'docs/deploy/Caddyfile', 'docs/deploy/traefik.yml'])(
    '%s sends to the nodes of docker-compose.yml, and names settings that exist',
    (path) => {
      const text = read(path);
      const targets = [...text.matchAll(/(app-\d+):(\d+)/g)].map(([, name, port]) => [name, port]);
      expect(targets).toEqual(apps.map(([name]) => [name, PORT]));
      const variables = [...text.matchAll(/\b[A-Z]{2,}_[A-Z_]+\b/g)].map(([name]) => name);
      expect(variables).toContain('TRUST_PROXY');
      expect(variables.filter((name) => !SETTINGS.has(name))).toEqual([]);
    },
  );

  it.each([
    ['docs/deploy/nginx.conf', /client_max_body_size (\d+)m;/],
    ['docs/deploy/Caddyfile', /max_size (\d+)MiB/],
  ])('%s lets the largest bulk upload through', (path, pattern) => {
    const openapi = JSON.parse(read('docs/openapi.json')) as {
      paths: Record<string, { post: { summary: string } }>;
    };
    const { summary } = openapi.paths['/api/media/bulk-upload']!.post;
    const files = Number(/up to (\d+) files/.exec(summary)![1]);
    const each = Number(settings.maxUploadMb.schema.validate(undefined).value);
    const limit = Number(pattern.exec(read(path))![1]);
    expect(limit).toBeGreaterThan(files * each);
  });

  it('is valid YAML for traefik', () => {
    expect(parse(read('docs/deploy/traefik.yml'))).toHaveProperty('http.services.parley');
  });
});

describe('docs/deploy/README.md', () => {
  const text = read('docs/deploy/README.md');

  it('links to files that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      expect([link, existsSync(new URL(link, `file://${process.cwd()}/docs/deploy/`))]).toEqual([
        link,
        true,
      ]);
    }
  });

  it('names settings that exist', () => {
    const variables = [...text.matchAll(/\b[A-Z]{2,}_[A-Z_]+\b/g)].map(([name]) => name);
    expect(variables.filter((name) => !SETTINGS.has(name))).toEqual([]);
  });
});

describe('README.md and CONTRIBUTING.md', () => {
  it('name a service and a program for making an admin in a container', () => {
    const command = /docker compose exec (\S+) node dist\/(\S+)\.js/.exec(read('README.md'))!;
    expect(apps.map(([name]) => name)).toContain(command[1]);
    expect(existsSync(`src/${command[2]!}.ts`)).toBe(true);
  });

  it('name tests and scripts that exist', () => {
    const text = read('CONTRIBUTING.md');
    const tests = [...text.matchAll(/npm run jest -- (test\/[\w/-]+)/g)].map((match) => match[1]!);
    expect(tests.length).toBeGreaterThan(0);
    for (const test of tests) expect([test, existsSync(`${test}.test.ts`)]).toEqual([test, true]);
    const { scripts } = readManifest('package.json');
    for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) {
      expect(Object.keys(scripts!)).toContain(name);
    }
  });
});

describe('docs/CHAT_SYSTEM_DOCUMENTATION.md', () => {
  it('lists every error code with its status', () => {
    const text = read('docs/CHAT_SYSTEM_DOCUMENTATION.md');
    const section = text.slice(text.indexOf('## Errors')).split('\n## ', 1)[0]!;
    const listed = [...section.matchAll(/^\| (\d{3}) +\|(.*)$/gm)].flatMap(([, status, codes]) =>
      [...codes!.matchAll(/`([A-Z_]{4,})`/g)].map(([, code]) => [code!, Number(status)]),
    );
    expect(Object.fromEntries(listed)).toEqual(ERROR_STATUS);
    expect(listed).toHaveLength(Object.keys(ERROR_STATUS).length);
  });
});
