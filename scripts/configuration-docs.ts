import type Joi from 'joi';
import { settings } from '../src/config/index.js';
import type { Setting } from '../src/config/index.js';

type AnySetting = Setting<unknown>;

interface Described {
  type: string;
  flags?: { default?: unknown; only?: boolean };
  allow?: unknown[];
  rules?: { name: string; args?: { limit?: number } }[];
}

/** A bound that is only there because timers have one is nothing to read about. */
const MAX_SHOWN = 1e9;

const describe = (schema: Joi.Schema): Described => schema.describe() as Described;

const defaultOf = ({ schema }: AnySetting): string => {
  const value = describe(schema).flags?.default;
  return value === undefined || Array.isArray(value) ? '' : String(value);
};

/** What a value may be, in words: `integer ≥ 0`, `NORMAL or FULL`. */
const valuesOf = ({ schema }: AnySetting): string => {
  const { type, flags, allow = [], rules = [] } = describe(schema);
  if (flags?.only) return allow.filter((value) => typeof value === 'string').join(', ');
  if (type === 'boolean') return 'true, false';
  if (type === 'array') return 'comma list';
  if (type !== 'number') return 'text';
  const limit = (name: string) => rules.find((rule) => rule.name === name)?.args?.limit;
  if (rules.some((rule) => rule.name === 'port')) return 'port';
  const [min, max] = [limit('min'), limit('max')];
  if (min === undefined) return 'integer';
  return max === undefined || max > MAX_SHOWN ? `integer ≥ ${min}` : `integer ${min}–${max}`;
};

const bySection = (): Map<string, AnySetting[]> => {
  const sections = new Map<string, AnySetting[]>();
  for (const setting of Object.values(settings) as AnySetting[]) {
    sections.set(setting.section, [...(sections.get(setting.section) ?? []), setting]);
  }
  return sections;
};

const wrap = (text: string, width: number): string[] =>
  text.split(' ').reduce<string[]>(
    (lines, word) => {
      const line = lines.at(-1) ?? '';
      if (line && line.length + word.length + 1 > width) return [...lines, word];
      return [...lines.slice(0, -1), line ? `${line} ${word}` : word];
    },
    [''],
  );

/** Text of `.env.example`: every variable with its default, commented out, so that copying it changes nothing. */
export const envExample = (): string => {
  const lines = [
    '# Every setting of Parley, each with its default. Copy to .env and uncomment what you change.',
    '# Generated from src/config/settings.ts by `npm run generate`.',
  ];
  for (const [title, members] of bySection()) {
    lines.push('', `# --- ${title} ---`);
    for (const setting of members) {
      lines.push('', ...wrap(setting.doc, 96).map((line) => `# ${line}`));
      if (setting.aliases.length > 0) lines.push(`# Also: ${setting.aliases.join(', ')}`);
      lines.push(`#${setting.env}=${defaultOf(setting)}`);
    }
  }
  return `${lines.join('\n')}\n`;
};

const code = (text: string): string => (text ? `\`${text}\`` : '');
const cell = (text: string): string => text.replaceAll('|', '\\|');

/** Text of `docs/configuration.md`. */
export const configurationPage = (): string => {
  const lines = [
    '# Configuration',
    '',
    'Parley reads its settings from the environment, and from a file `.env` in the folder it is started',
    'in. All are checked at start; a wrong one ends the start with a message that says what to set.',
    '',
    '`NODE_ENV=production` refuses to start without `MONGODB_URI`, a `JWT_SECRET` of 32 characters or',
    'more, and `CORS_ORIGINS`.',
    '',
    'This page is generated from `src/config/settings.ts` by `npm run generate`.',
  ];
  for (const [title, members] of bySection()) {
    lines.push('', `## ${title}`, '', '| variable | values | default | meaning |');
    lines.push('| --- | --- | --- | --- |');
    for (const setting of members) {
      const names = [setting.env, ...setting.aliases].map(code).join('<br>');
      const meaning = setting.secret ? `${setting.doc} Kept out of logs.` : setting.doc;
      const cells = [names, valuesOf(setting), code(defaultOf(setting)), meaning].map(cell);
      lines.push(`| ${cells.join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
};
