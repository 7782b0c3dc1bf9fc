import { describe, expect, it } from '@jest/globals';
import { plainAddress } from './plain-address.js';

describe('an address that a proxy has written', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    [' 1.2.3.4 ', '1.2.3.4'],
    ['1.2.3.4:5678', '1.2.3.4'],
    ['"1.2.3.4:5678"', '1.2.3.4'],
    ['1.2.3.4:0', '1.2.3.4'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['[::1]:443', '::1'],
    ['"[2001:db8::17]:4711"', '2001:db8::17'],
    ['2001:db8::17', '2001:db8::17'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['[::ffff:1.2.3.4]:5678', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
    ['0000:0000:0000:0000:0000:ffff:0102:0304', '1.2.3.4'],
  ])('such as %j is read as %s', (written, address) => {
    expect(plainAddress(written)).toBe(address);
  });

  it.each([
    'unknown',
    '_hidden',
    '1.2.3.4:5678:9',
    '1.2.3:80',
    '[1.2.3.4',
    '[]:80',
    'proxy:443',
    '1.2.3.4:',
    '2001:db8::ffff:1.2.3.4',
    '',
  ])('is left as it is when it is none, or another one: %j', (written) => {
    expect(plainAddress(written)).toBe(written);
  });
});
