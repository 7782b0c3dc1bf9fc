import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { emojiData } from './vite/emoji-data.js';
import { pageAddresses } from './vite/page-addresses.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');

/** Our packages by their names, as sources: they are compiled and shaken with the pages. */
const packages = (): Record<string, string> => {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: { paths: Record<string, [string]> };
  };
  return Object.fromEntries(
    Object.entries(compilerOptions.paths).map(([name, [path]]) => [name, join(root, path)]),
  );
};

export default defineConfig({
  root: here,
  // The files of both pages lie below one address, and may be kept for ever: their names are hashes.
  base: '/app/',
  plugins: [react(), emojiData(), pageAddresses()],
  resolve: {
    alias: Object.entries(packages()).map(([name, replacement]) => ({
      find: new RegExp(`^${name}$`),
      replacement,
    })),
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    manifest: true,
    // The strict content security policy of the pages takes no `data:` but for images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { app: join(here, 'app.html'), admin: join(here, 'admin.html') },
    },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      ['/api', '/media', '/socket.io', '/health'].map((path) => [
        path,
        { target: process.env.PARLEY_URL ?? 'http://127.0.0.1:8000', ws: path === '/socket.io' },
      ]),
    ),
  },
});
