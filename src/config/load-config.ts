import { domainsOf } from './setting-values.js';
import type { Config } from './settings.js';
import { settings } from './settings.js';

/** The environment is unusable; `problems` says, line by line, what to set. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(
      `Parley cannot start with this configuration:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

/** Joi's own words would repeat the value. */
const MESSAGES = {
  'string.pattern.name': '{{#label}} must be {{#name}}',
  'any.custom': '{{#label}} {{#error.message}}',
};

/** The origins named by all of the variables' names together, since the seeds use one each. */
const MERGED = new Set(['CORS_ORIGINS']);

/** Those of a setting's names that are set. */
const namesIn = (
  env: NodeJS.ProcessEnv,
  setting: { env: string; aliases: readonly string[] },
): string[] => [setting.env, ...setting.aliases].filter((name) => env[name]?.trim());

/** Says what is wrong under the name that was used, and does not repeat the value: it may be a secret. */
const problemWith = (
  error: Error,
  env: NodeJS.ProcessEnv,
  setting: { env: string; aliases: readonly string[] },
): string => {
  const names = namesIn(env, setting);
  const shown = MERGED.has(setting.env) ? names.join(', ') : names[0];
  return error.message.replace('"value"', shown ?? setting.env);
};

const lookUp = (
  env: NodeJS.ProcessEnv,
  setting: { env: string; aliases: readonly string[] },
): string | undefined => {
  const values = namesIn(env, setting).map((name) => env[name]!.trim());
  return MERGED.has(setting.env) ? values.join(',') || undefined : values[0];
};

/** What `NODE_ENV=production` insists on, each with the way to put it right. */
const productionProblems = (config: Config): string[] => {
  if (config.nodeEnv !== 'production') return [];
  const problems: string[] = [];
  if (!config.mongodbUri) {
    problems.push('MONGODB_URI is not set: give the connection string of a MongoDB replica set');
  }
  if (!config.jwtSecret || config.jwtSecret.length < 32) {
    problems.push('JWT_SECRET needs 32 characters or more, for example from: openssl rand -hex 32');
  }
  if (config.corsOrigins.length === 0) {
    problems.push('CORS_ORIGINS is not set: name the origins of your web clients, comma separated');
  }
  return problems;
};

/** What settings need of each other, whatever the environment. */
const incompleteProblems = ({ smtpUrl, publicUrl, registration }: Config): string[] => {
  const problems: string[] = [];
  if (smtpUrl && !publicUrl) {
    problems.push('PUBLIC_URL is not set: SMTP_URL needs it, because links in mails lead there');
  }
  if (domainsOf(registration).length > 0 && !smtpUrl) {
    problems.push('SMTP_URL is not set: REGISTRATION=domain:… sends mails to confirm addresses');
  }
  return problems;
};

/**
 * Reads and validates the environment.
 *
 * @throws {ConfigError} naming every variable that is wrong and what it should be.
 */
export const loadConfig = (env: NodeJS.ProcessEnv): Config => {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const { value, error } = setting.schema.validate(lookUp(env, setting), {
      messages: MESSAGES,
    }) as { value: unknown; error?: Error };
    if (error) problems.push(problemWith(error, env, setting));
    values[key] = value;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const config = Object.freeze(values) as Config;
  const unfit = [...productionProblems(config), ...incompleteProblems(config)];
  if (unfit.length > 0) throw new ConfigError(unfit);
  return config;
};

/**
 * The address to listen on. Whoever only tries Parley must not open it to their network: its secret is made by
 * itself, and nobody has thought about who may sign up.
 */
export const listenAddress = ({ host, nodeEnv }: Pick<Config, 'host' | 'nodeEnv'>): string =>
  host ?? (nodeEnv === 'production' ? '0.0.0.0' : '127.0.0.1');
