import { expect, it } from '@jest/globals';
import {
  emailSchema,
  isReservedUsername,
  nameSchema,
  newPasswordSchema,
  newUsernameSchema,
  passwordSchema,
  usernameSchema,
} from './account-fields.js';

const accepts = (schema: { validate(value: unknown): { error?: unknown } }, value: unknown) =>
  schema.validate(value).error === undefined;

it('a new account may have usernames of 3 to 30 letters, digits, "_", "." and "-"', () => {
  expect(['ada', 'A.d_a-1', 'x'.repeat(30)].map((name) => accepts(usernameSchema, name))).toEqual([
    true,
    true,
    true,
  ]);
  expect(
    ['ad', 'x'.repeat(31), 'a da', 'ädä'].map((name) => accepts(usernameSchema, name)),
  ).toEqual([false, false, false, false]);
});

it('a new account may have e-mail addresses of at most 254 characters', () => {
  expect(accepts(emailSchema, 'ada@example.internal')).toBe(true);
  expect(accepts(emailSchema, 'ada')).toBe(false);
  expect(accepts(emailSchema, `ada@${'x.'.repeat(130)}com`)).toBe(false);
});

it('an account cannot have names that cannot be seen, or that turn the direction of the text after them', () => {
  expect(accepts(nameSchema, '')).toBe(true);
  expect(accepts(nameSchema, 'Ada 👩‍🔬')).toBe(true);
  expect(accepts(nameSchema, '\u200b')).toBe(false);
  expect(accepts(nameSchema, 'Ada\u202e')).toBe(false);
  expect(accepts(nameSchema, 'Ada\nLovelace')).toBe(false);
});

it('the shortest password is counted in characters and the longest in bytes', () => {
  const schema = newPasswordSchema(8);
  expect(accepts(schema, 'x'.repeat(7))).toBe(false);
  expect(accepts(schema, 'x'.repeat(72))).toBe(true);
  expect(accepts(schema, 'ä'.repeat(37))).toBe(false);
});

it('counts a password in its Unicode form, as chosen and as given', () => {
  const chosen = newPasswordSchema(6);
  // Five letters with their accents apart are ten code points.
  expect(accepts(chosen, 'e\u0301'.repeat(5))).toBe(false);
  expect(accepts(chosen, 'e\u0301'.repeat(6))).toBe(true);
  // 36 letters are 72 bytes, however their accents were typed.
  expect(accepts(chosen, 'e\u0301'.repeat(36))).toBe(true);
  expect(accepts(chosen, 'e\u0301'.repeat(37))).toBe(false);
  // One sign of 3 bytes that is 33 in the form.
  expect(accepts(chosen, '\ufdfa'.repeat(6))).toBe(false);
  expect(chosen.validate('Zu\u0308rich\uff11').value).toBe('Z\u00fcrich1');
  // As given, before passwords had a form, it was short enough.
  expect(accepts(passwordSchema, '\ufdfa'.repeat(6))).toBe(true);
  expect(accepts(passwordSchema, 'e\u0301'.repeat(36))).toBe(true);
  expect(accepts(passwordSchema, 'e\u0301'.repeat(37))).toBe(false);
  expect(accepts(passwordSchema, 'x'.repeat(100_000))).toBe(false);
  expect(passwordSchema.validate('Zu\u0308rich').value).toBe('Zu\u0308rich');
});

it('reserves names that stand for everybody, a place or the server, in any case and width', () => {
  const names = 'all here channel everyone room admin system parley me'.split(' ');
  const spelled = names.flatMap((name) => [
    name,
    name.toUpperCase(),
    name[0]!.toUpperCase() + name.slice(1),
    name.replace(/[a-z]/g, (letter) => String.fromCodePoint(letter.codePointAt(0)! + 0xfee0)),
  ]);
  for (const name of [...spelled, '...', '---', '_._']) {
    expect([name, isReservedUsername(name), accepts(newUsernameSchema, name)]).toEqual([
      name,
      true,
      false,
    ]);
  }
  for (const name of ['allan', 'there', 'admin2', 'the.system', 'mee', 'a--', '0.0']) {
    expect([name, accepts(newUsernameSchema, name)]).toEqual([name, true]);
  }
  // Usernames of existing accounts stay valid.
  expect(names.filter((name) => name.length > 2 && !accepts(usernameSchema, name))).toEqual([]);
});
