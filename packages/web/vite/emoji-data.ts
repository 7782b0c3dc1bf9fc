import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);
/** Languages of our catalogues in which emoji have names; others get the English ones. */
const LANGUAGES = ['en', 'de', 'es', 'fr', 'ja'];
const FILES = ['data.json', 'messages.json'];

const read = (language: string, file: string): string =>
  readFileSync(require.resolve(`emojibase-data/${language}/${file}`), 'utf8');

/** Puts the names of emoji among our own files, at `emoji/<language>/data.json`: the picker asks no other server. */
export const emojiData = (): Plugin => ({
  name: 'parley-emoji-data',
  configureServer: ({ middlewares }) => {
    middlewares.use((req, res, next) => {
      const [, language, file] = /^\/app\/emoji\/(\w+)\/(\w+\.json)$/.exec(req.url ?? '') ?? [];
      if (!language || !file || !LANGUAGES.includes(language) || !FILES.includes(file)) {
        next();
        return;
      }
      res.setHeader('content-type', 'application/json').end(read(language, file));
    });
  },
  generateBundle() {
    for (const language of LANGUAGES) {
      for (const file of FILES) {
        const fileName = `emoji/${language}/${file}`;
        this.emitFile({ type: 'asset', fileName, source: read(language, file) });
      }
    }
  },
});
