import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A generated file: where it lies, relative to the project, and what it must contain. */
export interface GeneratedFile {
  path: string;
  content: string;
}

const current = async (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch(() => undefined);

/** Writes the files that differ; gives their paths. */
export const write = async (files: GeneratedFile[]): Promise<string[]> => {
  const stale = await differing(files);
  for (const { path, content } of files.filter((file) => stale.includes(file.path))) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return stale;
};

/** The paths of the files whose content on disk is not the generated one. */
export const differing = async (files: GeneratedFile[]): Promise<string[]> => {
  const stale: string[] = [];
  for (const { path, content } of files) {
    if ((await current(path)) !== content) stale.push(path);
  }
  return stale;
};
