export { ConfigError, listenAddress, loadConfig } from './load-config.js';
export { settings, type Config, type Setting } from './settings.js';
