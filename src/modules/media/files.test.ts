import { describe, expect, it } from '@jest/globals';
import { dispositionOf, safeFileName } from './files.js';

const ENDINGS: Record<string, string[]> = { jpg: ['jpeg'], m4a: ['mp4'] };
const named = (given: string, extension: string): string =>
  safeFileName(given, { extension, extensions: ENDINGS[extension] ?? [] });

describe('a file name', () => {
  it.each([
    ['photo.jpeg', 'jpg', 'photo.jpeg'],
    ['PHOTO.JPG', 'jpg', 'PHOTO.JPG'],
    ['Offer 2026.05.12', 'pdf', 'Offer 2026.05.12.pdf'],
    ['report.v2.final', 'pdf', 'report.v2.final.pdf'],
    ['Contract v1.2', 'pdf', 'Contract v1.2.pdf'],
    ['Letter to Dr. Smith', 'pdf', 'Letter to Dr. Smith.pdf'],
    ['Letter to Dr.', 'pdf', 'Letter to Dr.pdf'],
    ['1.2.3.pdf', 'pdf', '1.2.3.pdf'],
    ['a..b.pdf', 'pdf', 'a..b.pdf'],
    ['recording.mp4', 'm4a', 'recording.mp4'],
    ['Ben\'s "best" song.mp3', 'mp3', 'Ben\'s "best" song.mp3'],
    ['“quoted” ‘name’.pdf', 'pdf', '“quoted” ‘name’.pdf'],
    ['what? 50% <draft>; a|b: *.pdf', 'pdf', 'what? 50% <draft>; a|b: *.pdf'],
    ['x".exe', 'pdf', 'x".exe.pdf'],
    ['page.html', 'gif', 'page.html.gif'],
    ['日本語.png', 'png', '日本語.png'],
    ['日本語.資料', 'pdf', '日本語.資料.pdf'],
    ['می\u200cخواهم.pdf', 'pdf', 'می\u200cخواهم.pdf'],
    ['\u0d15\u0d4d\u200d.pdf', 'pdf', '\u0d15\u0d4d\u200d.pdf'],
    ['👩‍👩‍👧 at home.png', 'png', '👩‍👩‍👧 at home.png'],
    ['🏴󠁧󠁢󠁳󠁣󠁴󠁿.png', 'png', '🏴󠁧󠁢󠁳󠁣󠁴󠁿.png'],
    ['e\u0301te\u0301.pdf', 'pdf', 'été.pdf'],
    ['../../etc/passwd', 'png', 'passwd.png'],
    ['C:\\Users\\me\\cat.png', 'png', 'cat.png'],
    ['a\r\nSet-Cookie: x=1.png', 'png', 'aSet-Cookie: x=1.png'],
    ['line\u2028end\u0085.pdf', 'pdf', 'lineend.pdf'],
    ['.htaccess', 'gif', 'htaccess.gif'],
    ['. . .hidden.pdf', 'pdf', 'hidden.pdf'],
    ['\u202e..\u200b.hidden.pdf', 'pdf', 'hidden.pdf'],
    ['\u202Egnp.exe', 'png', 'gnp.exe.png'],
    ['invoice\u202e\u2066fdp\u2069.exe', 'pdf', 'invoicefdp.exe.pdf'],
    ['a\u200eb\u200fc\u061cd.pdf', 'pdf', 'abcd.pdf'],
    ['zero\u200bwidth\ufeff\u2060\u00ad.pdf', 'pdf', 'zerowidth.pdf'],
    ['lone\ud800.pdf', 'pdf', 'lone.pdf'],
    ['tag\u{e0061}\u{e0062}.pdf', 'pdf', 'tag.pdf'],
    ['', 'mp4', 'file.mp4'],
    ['...', 'mp4', 'file.mp4'],
    ['.mp4', 'mp4', 'file.mp4'],
    ['mp4', 'mp4', 'mp4.mp4'],
    ['\u200d\u200c', 'mp4', 'file.mp4'],
    ['\u3164', 'mp4', 'file.mp4'],
    ['  spaced  ', 'pdf', 'spaced.pdf'],
    ['a. . .', 'pdf', 'a.pdf'],
    ['a . b', 'pdf', 'a . b.pdf'],
    ['a..pdf', 'pdf', 'a..pdf'],
    ['pdf', 'jpg', 'pdf.jpg'],
    ['a.jpg.', 'jpg', 'a.jpg.jpg'],
    ['a.b\nc.jpg', 'jpg', 'a.bc.jpg'],
  ])('such as %j becomes, for a %s, %j', (given, extension, expected) => {
    expect(named(given, extension)).toBe(expected);
  });

  it('is shortened to 120 characters and its ending', () => {
    expect(named('x'.repeat(5000), 'png')).toHaveLength(124);
    expect(named(`${'x'.repeat(5000)}.png`, 'png')).toHaveLength(124);
    expect(named(`${'x'.repeat(117)}👩‍👩‍👧.png`, 'png')).toBe(`${'x'.repeat(117)}.png`);
  });
});

describe('a file name of a megabyte', () => {
  const LENGTH = 1_000_000;
  it.each([
    ['letters', 'a'.repeat(LENGTH), 'a'.repeat(120)],
    ['dots', `a${'.'.repeat(LENGTH)}é`, `a${'.'.repeat(119)}`],
    ['letters and dots', `${'a.'.repeat(LENGTH / 2)}é`, 'a.'.repeat(60)],
    ['spaces', `a${' '.repeat(LENGTH)}b`, `a${' '.repeat(119)}`],
    ['spaces at its beginning', `${' '.repeat(LENGTH)}b`, 'b'],
    ['emoji', `😀${'😀'.repeat(LENGTH / 2)}.pdf`, '😀'.repeat(120)],
    ['emoji, cut between their halves', `x${'😀'.repeat(LENGTH / 2)}yz`, `x${'😀'.repeat(119)}`],
    ['accents', `e${'\u0323\u0302'.repeat(LENGTH / 2)}`, undefined],
    ['parts of a flag', `\u{1f3f4}${'\u{e0061}'.repeat(LENGTH / 2)}b`, undefined],
    ['parts of many flags', '\u{1f3f4}\u{e0067}'.repeat(LENGTH / 4), undefined],
    ['slashes', `${'/'.repeat(LENGTH)}b`, 'b'],
  ])('of %s is made safe in little time', (_what, given, expected) => {
    const began = performance.now();
    const name = named(given, 'pdf');
    expect(performance.now() - began).toBeLessThan(3000);
    expect([...name].length).toBeLessThanOrEqual(124);
    if (expected !== undefined) expect(name).toBe(`${expected}.pdf`);
  });
});

describe('the Content-Disposition header', () => {
  it('has every name in ASCII too', () => {
    expect(dispositionOf('attachment', '日本 (1).pdf')).toBe(
      'attachment; filename="__ (1).pdf"; filename*=UTF-8\'\'%E6%97%A5%E6%9C%AC%20%281%29.pdf',
    );
  });

  it.each([
    'été.pdf',
    '👩‍👩‍👧.png',
    'Ben\'s "best" (1)*.pdf',
    '100%.pdf',
    'a\\b.pdf',
    'naïve;name=x.pdf',
    'می\u200cخواهم.pdf',
  ])('says %j in a form that headers may have, and that is read back as it was', (name) => {
    const header = dispositionOf('attachment', name);
    expect(header).toMatch(
      /^attachment; filename="[\x20-\x7e]+"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+$/,
    );
    expect(decodeURIComponent(header.split("UTF-8''")[1]!)).toBe(name);
    expect(/filename="([^"]*)"/.exec(header)?.[1]).not.toMatch(/["\\%]/);
  });
});
