import { describe, expect, it } from '@jest/globals';
import { externalUrlPolicy } from './external-url.js';

describe('externalUrlPolicy', () => {
  it.each([
    'http://example.com/a.png',
    'javascript:alert(1)',
    'data:image/png;base64,AAAA',
    'https://user:pass@example.com/a.png',
    'https://example.com:8443/a.png',
    '//example.com/a.png',
    'not a url',
  ])('never allows %s', (url) => {
    expect(externalUrlPolicy('*')(url)).toBe(false);
  });

  it('allows any https host by default', () => {
    expect(externalUrlPolicy('*')('https://example.com/a.png')).toBe(true);
  });

  it('can be narrowed to hosts and what is below them', () => {
    const isAllowed = externalUrlPolicy('ik.imagekit.io, Example.com');
    expect(isAllowed('https://ik.imagekit.io/a.png')).toBe(true);
    expect(isAllowed('https://cdn.example.com/a.png')).toBe(true);
    expect(isAllowed('https://badexample.com/a.png')).toBe(false);
    expect(isAllowed('https://example.com.evil.net/a.png')).toBe(false);
  });

  it('can forbid all', () => {
    expect(externalUrlPolicy('none')('https://example.com/a.png')).toBe(false);
  });
});
