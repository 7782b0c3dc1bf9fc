/**
 * docs/tutorial.md shows the code as it is. Each excerpt stands under a line that names its file: `(new)` shows
 * the whole file, `(in part)` lines of it, with `// …` on a line of its own for what is left out.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** The feature's own files are shown as wholes. */
const FEATURE = ['src/modules/stars', 'src/api/native/stars'];
/** As in `star`, `Stars`, `MAX_STARS` or `unstar_message`, but not in `start`, `START` or `hostArrived`. */
const ABOUT_STARS = /[Ss]tar(?!t)|STAR(?!T)/;
const ELLIPSIS = /\n[^\S\n]*\/\/ …\n/;

interface Excerpt {
  file: string;
  isWhole: boolean;
  code: string;
}

const read = (path: string): string => readFileSync(path, 'utf8');
/** Without indentation: the page's formatter changes it. */
const unindented = (code: string): string => code.replaceAll(/^[^\S\n]+/gm, '');

const tutorial = read('docs/tutorial.md');

/** Every TypeScript excerpt of the page. */
const excerpts = [...tutorial.matchAll(/^(.*)\n\n```ts\n([^]*?\n)```$/gm)].map(
  ([, heading, code]): Excerpt => {
    const [, file, target, kind] =
      /^\[`([^`]+)`\]\(\.\.\/([^)]+)\) \((new|in part)\):$/.exec(heading!) ?? [];
    if (!file || file !== target) throw new Error(`This excerpt names no file: ${heading}`);
    return { file, isWhole: kind === 'new', code: code! };
  },
);
const shownFiles = [...new Set(excerpts.map(({ file }) => file))].sort();

const sourcesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name).replaceAll('\\', '/'));

/** Follows from the schemas; nobody writes it. */
const GENERATED = 'src/transport/socket/protocol.ts';

describe('the tutorial', () => {
  it.each(excerpts)('shows $file as it is', ({ file, isWhole, code }) => {
    const source = read(file);
    if (isWhole) expect(code).toBe(source);
    else {
      for (const part of code.split(ELLIPSIS)) {
        expect(`\n${unindented(source)}`).toContain(`\n${unindented(part).trim()}\n`);
      }
    }
  });

  it('shows each file of the feature as a whole', () => {
    const whole = excerpts.filter(({ isWhole }) => isWhole).map(({ file }) => file);
    expect(whole.sort()).toEqual(FEATURE.flatMap(sourcesIn).sort());
  });

  it('shows every file of the server that speaks of stars', () => {
    const speaking = sourcesIn('src').filter(
      (file) => file !== GENERATED && ABOUT_STARS.test(read(file)),
    );
    expect(speaking.filter((file) => !shownFiles.includes(file))).toEqual([]);
  });

  it('lists exactly the files that it shows', () => {
    const rows = [...tutorial.matchAll(/^\| \[`([^`]+)`\]\(\.\.\/([^)]+)\) +\|/gm)];
    expect(rows.map(([, name]) => name)).toEqual(rows.map(([, , target]) => target));
    expect(rows.map(([, name]) => name).sort()).toEqual(shownFiles);
  });

  it('names commands and tests that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = [...tutorial.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!);
    expect(commands.filter((name) => !scripts[name])).toEqual([]);
    const tests = [...tutorial.matchAll(/\btest\/[\w/-]+(?:\.\w+\.ts)?/g)].map(([path]) => path);
    const isThere = (path: string) => existsSync(path) || existsSync(`${path}.test.ts`);
    expect(tests.filter((path) => !isThere(path))).toEqual([]);
  });
});
