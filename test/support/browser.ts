/** A Chromium of the machine's own, for the tests that need a browser. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const findProgram = (): string => {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = PROGRAMS.flatMap((name) => folders.map((folder) => join(folder, name))).find(
    isExecutable,
  );
  if (!found) throw new Error(`These tests need a browser: install ${PROGRAMS.join(' or ')}`);
  return found;
};

/** Starts the browser, without a window. Chromium refuses its sandbox to root, so it goes without. */
export const startBrowser = (args: string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: findProgram(),
    args: ['--disable-dev-shm-usage', ...args],
    chromiumSandbox: process.getuid?.() !== 0,
  });
