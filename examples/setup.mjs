/**
 * `npm run setup` in an example's folder installs what its lock file names, and then our packages that it names under
 * `parley`, packed as they would be published. Parley's own `npm ci` must have been run.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const packed = mkdtempSync(join(tmpdir(), 'parley-packed-'));
const { parley } = JSON.parse(readFileSync('package.json', 'utf8'));
const npm = (cwd, ...args) => execFileSync('npm', args, { cwd, stdio: 'inherit' });

try {
  npm('.', 'ci', '--no-audit', '--no-fund');
  for (const name of parley) {
    npm(join(root, 'packages', name), 'pack', '--silent', '--pack-destination', packed);
  }
  const tarballs = readdirSync(packed).map((file) => join(packed, file));
  npm('.', 'install', '--no-save', '--no-audit', '--no-fund', ...tarballs);
} finally {
  rmSync(packed, { recursive: true, force: true });
}
