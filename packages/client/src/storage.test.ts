import { afterEach, describe, expect, it } from '@jest/globals';
import { webStorage } from '../test/outbox-fixture.js';
import { LocalStorage, MemoryStorage, defaultStorage } from './storage.js';

const given = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');

/** Makes `localStorage` what a test says. */
const define = (get: () => unknown): void => {
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, get });
};

describe('the storage unless told', () => {
  afterEach(() => {
    Reflect.deleteProperty(globalThis, 'localStorage');
    if (given) Object.defineProperty(globalThis, 'localStorage', given);
  });

  it('is the browser’s', async () => {
    const values = new Map<string, string>();
    const storage = webStorage(values);
    define(() => storage);
    const chosen = defaultStorage();
    await chosen.set('key', 'value');
    expect(chosen).toBeInstanceOf(LocalStorage);
    expect([...values]).toEqual([['key', 'value']]);
  });

  it.each([
    [
      'the page may not look at it',
      () => {
        throw new Error('SecurityError');
      },
    ],
    ['there is none', () => undefined],
    ['there is nothing behind the name, as in some versions of Node', () => ({})],
  ])('is memory when %s', (_, get) => {
    define(get);
    expect(defaultStorage()).toBeInstanceOf(MemoryStorage);
  });
});
