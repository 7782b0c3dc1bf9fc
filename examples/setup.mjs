/**
 * Installs an example: what its lock file names, and then our packages, packed as they would be published.
 * `npm run setup` in the example's folder; Parley's own `npm ci` must have been run.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const packed = mkdtempSync(join(tmpdir(), 'parley-packed-'));
const npm = (args, cwd) => execFileSync('npm', args, { cwd, stdio: 'inherit' });
const { parley } = JSON.parse(readFileSync('package.json', 'utf8'));

try {
  npm(['ci', '--no-audit', '--no-fund'], process.cwd());
  for (const name of parley) {
    npm(['pack', '--silent', '--workspace', `@parley-chat/${name}`, '--pack-destination', packed], root);
  }
  const tarballs = parley.map((name) => join(packed, `parley-chat-${name}-0.1.0.tgz`));
  npm(['install', '--no-save', '--no-audit', '--no-fund', ...tarballs], process.cwd());
} finally {
  rmSync(packed, { recursive: true, force: true });
}
