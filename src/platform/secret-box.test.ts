import { expect, it } from '@jest/globals';
import { SecretBox } from './secret-box.js';

const box = new SecretBox('the secret of a server', 'tests');
const sealed = box.seal('JBSWY3DPEHPK3PXP', 'ada');

it('opens what it has sealed, which looks otherwise every time', () => {
  expect(box.open(sealed, 'ada')).toBe('JBSWY3DPEHPK3PXP');
  expect(box.seal('JBSWY3DPEHPK3PXP', 'ada')).not.toBe(sealed);
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('JBSWY3DPEHPK3PXP');
});

it('opens nothing for another owner, under another secret or purpose, or that was changed', () => {
  expect(() => box.open(sealed, 'bob')).toThrow();
  expect(() => new SecretBox('another secret', 'tests').open(sealed, 'ada')).toThrow();
  expect(() => new SecretBox('the secret of a server', 'else').open(sealed, 'ada')).toThrow();
  const bytes = Buffer.from(sealed, 'base64url');
  bytes[bytes.length - 1]! ^= 1;
  expect(() => box.open(bytes.toString('base64url'), 'ada')).toThrow();
  expect(() => box.open('', 'ada')).toThrow();
});
