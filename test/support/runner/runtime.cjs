/**
 * How a test worker loads modules: Node itself does, and tsx for TypeScript. The files that one worker runs share
 * packages, sources and support; the test file itself and `setup.ts` are loaded anew for each. Jest's own way is
 * a context per file, into which everything is loaded again: seconds for each file that starts a server.
 */
const { register } = require('node:module');
const { pathToFileURL } = require('node:url');
const { default: Runtime } = require('jest-runtime');

/** Teaches Node to load TypeScript and our `@jest/globals`, once per worker; resolves to the latter. */
const prepareWorker = async () => {
  const tsx = await import('tsx/esm/api');
  tsx.register();
  register('./hooks.mjs', pathToFileURL(__filename));
  return import('./globals.mjs');
};

let prepared;
let fileCount = 0;

class NativeRuntime extends Runtime {
  file = (fileCount += 1);

  unstable_shouldLoadAsEsm() {
    return true;
  }

  /** Called by Jest for the setup file and the test file. */
  async unstable_importModule(path) {
    prepared ??= prepareWorker();
    const globals = await prepared;
    globals.take(this.jestGlobals.cjsGlobals(path));
    return import(`${pathToFileURL(path).href}?file=${this.file}`);
  }

  /** Called by Jest for its test framework, which keeps the tests of a file in global variables. */
  requireInternalModule(path) {
    delete require.cache[path];
    for (const key of Object.getOwnPropertySymbols(globalThis)) {
      if (['EVENT_HANDLERS', 'JEST_STATE_SYMBOL'].includes(key.description)) delete globalThis[key];
    }
    return require(path);
  }
}

module.exports = NativeRuntime;
