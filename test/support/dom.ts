/**
 * A browser's globals in a test worker, by jsdom, for tests of React. Whatever renders must be imported after
 * {@link installDom}: React looks for a document when it is loaded.
 */
import { JSDOM } from 'jsdom';

const GLOBALS = [
  'window',
  'document',
  'navigator',
  'Node',
  'Element',
  'HTMLElement',
  'HTMLIFrameElement',
  'MutationObserver',
  'getComputedStyle',
] as const;

/** Puts the globals there; the answer takes them away, because the worker's other files run without. */
export const installDom = (): (() => void) => {
  const { window } = new JSDOM('<!doctype html>', { url: 'http://localhost/' });
  const former = new Map<string, PropertyDescriptor | undefined>();
  const put = (name: string, value: unknown) => {
    former.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  };
  for (const name of GLOBALS) put(name, window[name]);
  return () => {
    for (const [name, descriptor] of former) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
    window.close();
  };
};
