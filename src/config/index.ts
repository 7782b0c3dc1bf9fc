export { ConfigError, listenAddress, loadConfig } from './load-config.js';
export type { AuthIssuer, ClaimNames } from './auth-issuers.js';
export { domainsOf } from './setting-values.js';
export { settings, type Config, type Setting } from './settings.js';
