/** The tables of docs/seeds say of every name which test proves it: that test must be there. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';

const FOLDER = 'docs/seeds';
const read = (path: string): string => readFileSync(path, 'utf8');

/** What is said in the file, or in all files of the folder. */
const sourceOf = (path: string): string =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .map((name) => sourceOf(join(path, name)))
        .join('\n')
    : read(path);

/** The last cell of each row: `[tag] beginning of a name, of another; [tag]`. */
const proofsIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').at(-2)!.trim())
    .filter((cell) => cell.startsWith('['));

it.each(readdirSync(FOLDER))('%s names tests that exist', (name) => {
  const path = join(FOLDER, name);
  const text = read(path);
  const sources = new Map(
    [...text.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, tag, target]) => [
      tag!,
      sourceOf(join(dirname(path), target!)),
    ]),
  );
  const proofs = proofsIn(text);
  expect(proofs.length).toBeGreaterThan(10);
  const missing = proofs.flatMap((cell) =>
    [...cell.matchAll(/\[([^\]]+)\](?!\()([^[]*)/g)].flatMap(([, tag, claims]) =>
      claims!
        .split(/[,;]/)
        .map((claim) => claim.trim())
        .filter((claim) => !sources.get(tag!)?.includes(claim))
        .map((claim) => `[${tag!}] ${claim}`),
    ),
  );
  expect(missing).toEqual([]);
});
