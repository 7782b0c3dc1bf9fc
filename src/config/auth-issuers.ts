import { createPublicKey, createSecretKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Joi from 'joi';

/** Signatures that an issuer may use; HS256 only with a secret of its own. */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const;
const SECRET_ALGORITHM = 'HS256';

/** The members of a token that say who its user is. */
export interface ClaimNames {
  /** The user's id; the account is kept under it. */
  id: string;
  name: string;
  picture: string;
  email: string;
  role: string;
}

/** Where an issuer's keys come from. */
export type IssuerKeySource =
  | { from: 'address'; address: string }
  /** The issuer's discovery document names the address. */
  | { from: 'discovery' }
  | { from: 'settings'; key: KeyObject };

/** Somebody else whose tokens sign people in: one entry of `AUTH_ISSUERS`. */
export interface AuthIssuer {
  /** Distinguishes the external ids of several issuers. */
  name: string;
  /** The exact `iss` of its tokens. */
  issuer: string;
  /** Tokens must be meant for one of these. */
  audience: string[];
  keys: IssuerKeySource;
  algorithms: string[];
  claims: ClaimNames;
  /** The values of the role claim that make an admin; without any, tokens change no roles. */
  adminRoles: string[];
}

interface IssuerInput extends Omit<AuthIssuer, 'keys'> {
  jwksUri?: string;
  discovery?: true;
  publicKey?: KeyObject;
  secret?: string;
}

const MAX_ISSUERS = 20;
const MAX_VALUES = 50;

const publicKeyOf = (value: unknown): KeyObject => {
  try {
    // Only a JWK without its private part, and only a PEM of a public key: a private one has no place here.
    const key =
      typeof value === 'string'
        ? createPublicKey({ key: value, format: 'pem' })
        : createPublicKey({ key: value as JsonWebKey, format: 'jwk' });
    const isPrivate =
      typeof value === 'string'
        ? /PRIVATE KEY/.test(value)
        : typeof value === 'object' && value !== null && 'd' in value;
    if (!isPrivate) return key;
  } catch {
    // The library's words may quote the key.
  }
  throw new Error('must be a public key, as PEM text or as a JWK');
};

const webAddress = Joi.string()
  .uri({ scheme: ['https', 'http'] })
  .max(2048);
const shortText = Joi.string().trim().max(512);
const list = (items: Joi.Schema) => Joi.array().items(items).max(MAX_VALUES);

const issuerSchema = Joi.object<IssuerInput>({
  name: Joi.string()
    .pattern(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, '1 to 32 letters, digits, _ or -')
    .required(),
  issuer: shortText.required(),
  audience: list(shortText).single().min(1).required(),
  jwksUri: webAddress,
  discovery: Joi.boolean().strict().valid(true),
  publicKey: Joi.any().custom(publicKeyOf),
  secret: Joi.string().min(32).max(1024),
  algorithms: list(Joi.string().valid(...PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHM))
    .min(1)
    .unique()
    .required(),
  claims: Joi.object({
    id: shortText.default('sub'),
    name: shortText.default('name'),
    picture: shortText.default('picture'),
    email: shortText.default('email'),
    role: shortText.default('role'),
  }).default({ id: 'sub', name: 'name', picture: 'picture', email: 'email', role: 'role' }),
  adminRoles: list(shortText).default([]),
})
  .xor('jwksUri', 'discovery', 'publicKey', 'secret')
  .custom((input: IssuerInput) => {
    const isSecret = input.secret !== undefined;
    // With a public key, HS256 would take that key, which everybody has, for the secret.
    if (input.algorithms.includes(SECRET_ALGORITHM) !== isSecret) {
      throw new Error('algorithms: HS256 goes with a secret of its own, and with nothing else');
    }
    if (isSecret && input.algorithms.length > 1) {
      throw new Error('algorithms: a secret goes with HS256 alone');
    }
    if (input.discovery && !URL.canParse(input.issuer)) {
      throw new Error('issuer: must be an address, because discovery asks there');
    }
    return input;
  });

const issuersSchema = Joi.array<IssuerInput[]>()
  .items(issuerSchema)
  .max(MAX_ISSUERS)
  .unique('name')
  .unique('issuer');

/** Values are left out of the words: some are secrets. */
const MESSAGES = {
  'any.custom': '{{#error.message}}',
  'array.unique': 'its name or its issuer stands twice',
  'object.xor': 'needs one of jwksUri, discovery, publicKey and secret',
  'object.missing': 'needs one of jwksUri, discovery, publicKey and secret',
  'string.pattern.name': 'must be {{#name}}',
};

const pathText = (path: (string | number)[]): string =>
  path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');

const sourceOf = ({ jwksUri, publicKey, secret }: IssuerInput): IssuerKeySource => {
  if (jwksUri !== undefined) return { from: 'address', address: jwksUri };
  if (publicKey) return { from: 'settings', key: publicKey };
  if (secret !== undefined) return { from: 'settings', key: createSecretKey(Buffer.from(secret)) };
  return { from: 'discovery' };
};

const parse = (text: string): unknown => {
  let json = text;
  if (text.startsWith('@')) {
    try {
      json = readFileSync(text.slice(1), 'utf8');
    } catch {
      throw new Error(`: cannot read the file ${text.slice(1)}`);
    }
  }
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new Error(': must be a JSON array, or @ and the path of a file that has one');
  }
};

/**
 * The issuers of a JSON array, or of the file that `@path` names.
 *
 * @throws Error whose message goes behind the setting's name: `[0].audience: …`. It quotes no key and no secret.
 */
export const authIssuersOf = (text: string): AuthIssuer[] => {
  const { value, error } = issuersSchema.validate(parse(text), {
    errors: { label: false },
    messages: MESSAGES,
  });
  const problem = error?.details[0];
  if (problem) {
    // A rule about two members names the one to change itself.
    const isAboutMembers = problem.type === 'any.custom' && problem.path.length === 1;
    const separator = isAboutMembers ? '.' : ': ';
    throw new Error(`${pathText(problem.path)}${separator}${problem.message.trim()}`);
  }
  return (value as IssuerInput[]).map((input) => ({
    name: input.name,
    issuer: input.issuer,
    audience: input.audience,
    keys: sourceOf(input),
    algorithms: input.algorithms,
    claims: input.claims,
    adminRoles: input.adminRoles,
  }));
};
