export { ConfigError, listenAddress, loadConfig } from './load-config.js';
export { domainsOf } from './setting-values.js';
export { settings, type Config, type Setting } from './settings.js';
