import { expect, it } from '@jest/globals';
import { emailSchema, nameSchema, newPasswordSchema, usernameSchema } from './account-fields.js';

const accepts = (schema: { validate(value: unknown): { error?: unknown } }, value: unknown) =>
  schema.validate(value).error === undefined;

it('accepts usernames of 3 to 30 letters, digits, "_", "." and "-"', () => {
  expect(['ada', 'A.d_a-1', 'x'.repeat(30)].map((name) => accepts(usernameSchema, name))).toEqual([
    true,
    true,
    true,
  ]);
  expect(
    ['ad', 'x'.repeat(31), 'a da', 'ädä'].map((name) => accepts(usernameSchema, name)),
  ).toEqual([false, false, false, false]);
});

it('accepts e-mail addresses of at most 254 characters', () => {
  expect(accepts(emailSchema, 'ada@example.internal')).toBe(true);
  expect(accepts(emailSchema, 'ada')).toBe(false);
  expect(accepts(emailSchema, `ada@${'x.'.repeat(130)}com`)).toBe(false);
});

it('refuses names that cannot be seen, or that turn the direction of the text after them', () => {
  expect(accepts(nameSchema, '')).toBe(true);
  expect(accepts(nameSchema, 'Ada 👩‍🔬')).toBe(true);
  expect(accepts(nameSchema, '\u200b')).toBe(false);
  expect(accepts(nameSchema, 'Ada\u202e')).toBe(false);
  expect(accepts(nameSchema, 'Ada\nLovelace')).toBe(false);
});

it('counts the shortest password in characters and the longest in bytes', () => {
  const schema = newPasswordSchema(8);
  expect(accepts(schema, 'x'.repeat(7))).toBe(false);
  expect(accepts(schema, 'x'.repeat(72))).toBe(true);
  expect(accepts(schema, 'ä'.repeat(37))).toBe(false);
});
