import { describe, expect, it } from '@jest/globals';
import { dispositionOf, safeFileName } from './files.js';

describe('a file name', () => {
  it.each([
    ['photo.jpeg', 'jpg', 'photo.jpg'],
    ['../../etc/passwd', 'png', 'passwd.png'],
    ['C:\\Users\\me\\cat.png', 'png', 'cat.png'],
    ['a\r\nSet-Cookie: x=1.png', 'png', 'aSet-Cookie x=1.png'],
    ['x".exe', 'pdf', 'x.pdf'],
    ['.htaccess', 'gif', 'htaccess.gif'],
    ['\u202Egnp.exe', 'png', 'gnp.png'],
    ['', 'mp4', 'file.mp4'],
    ['...', 'mp4', 'file.mp4'],
    ['page.html', 'gif', 'page.gif'],
    ['日本語.png', 'png', '日本語.png'],
  ])('such as %j becomes, for a %s, the harmless %s', (given, extension, expected) => {
    expect(safeFileName(given, extension)).toBe(expected);
  });

  it('is shortened to 120 characters and its ending', () => {
    expect(safeFileName('x'.repeat(5000), 'png')).toHaveLength(124);
  });
});

describe('the Content-Disposition header', () => {
  it('has every name in ASCII too', () => {
    expect(dispositionOf('attachment', '日本 (1).pdf')).toBe(
      'attachment; filename="__ (1).pdf"; filename*=UTF-8\'\'%E6%97%A5%E6%9C%AC%20%281%29.pdf',
    );
  });
});
