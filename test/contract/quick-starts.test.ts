/** The quick starts show files of `examples/` as they are: what is pasted from a page is what our tests run. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const PAGES = [
  'docs/embed.md',
  ...readdirSync('docs')
    .filter((name) => name.startsWith('quick-start-'))
    .map((name) => `docs/${name}`),
];

/** The files of a page: each under a line that names and links it. */
const filesOf = (page: string) =>
  [
    ...readFileSync(page, 'utf8').matchAll(
      /^\[`(examples\/[^`]+)`\]\(\.\.\/([^)]+)\):\n\n```\w+\n([^]*?)```$/gm,
    ),
  ].map(([, file, target, code]) => ({ page, file: file!, target, code }));

const shown = PAGES.flatMap(filesOf);

describe('the quick starts', () => {
  it.each(shown)('$page shows $file as it is', ({ file, target, code }) => {
    expect(target).toBe(file);
    expect(code).toBe(readFileSync(file, 'utf8'));
  });

  it('show code of each example that has a page', () => {
    const folders = new Set(shown.map(({ file }) => file.split('/')[1]));
    expect([...folders].sort()).toEqual(['html', 'react', 'react-native', 'vue']);
  });

  it('show no code that is from nowhere', () => {
    const blocks = PAGES.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/^```(tsx?|jsx?|vue|html)$/gm)].map(() => page),
    );
    expect(blocks).toHaveLength(shown.length);
  });
});

describe('the copies in the examples', () => {
  it.each(['your-server.js', 'src/chat.css'])('of %s are the same for React and Vue', (name) => {
    const [react, vue] = ['react', 'vue'].map((folder) =>
      readFileSync(`examples/${folder}/${name}`, 'utf8'),
    );
    expect(vue).toBe(react);
  });
});
