/**
 * The test environment of native test files: the worker's own globals. Jest's default gives each file a
 * context of its own, in which it has to load every package and source anew (some seconds per file).
 */
const { ModernFakeTimers } = require('@jest/fake-timers');
const { ModuleMocker } = require('jest-mock');

class NativeEnvironment {
  constructor({ projectConfig }) {
    this.global = globalThis;
    this.exit = process.exit;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.fakeTimers = null;
  }

  async setup() {
    // Node maps stack traces to the sources itself, as long as nobody else formats them.
    Error.prepareStackTrace = undefined;
  }

  async teardown() {
    this.fakeTimersModern.dispose();
    // Jest wraps it for each file.
    process.exit = this.exit;
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return null;
  }
}

module.exports = NativeEnvironment;
