/** Module hooks of a test worker: gives `globals.mjs` to those who import `@jest/globals`. */
const GLOBALS = new URL('./globals.mjs', import.meta.url).href;

export const resolve = (specifier, context, nextResolve) =>
  specifier === '@jest/globals'
    ? { url: GLOBALS, format: 'module', shortCircuit: true }
    : nextResolve(specifier, context);
