import { describe, expect, it } from '@jest/globals';
import { LOCALES } from '../../shared/locale.js';
import type { MailKind } from './mail-texts.js';
import { writeMail } from './mail-texts.js';

const KINDS: MailKind[] = ['verify', 'reset', 'change', 'changed', 'password'];
const CASES = LOCALES.flatMap((locale) => KINDS.map((kind) => [kind, locale] as const));
const LINK = 'https://chat.example.com/views/account.html?a=1&b=2#token';

describe('a mail', () => {
  it.each(CASES)(
    'of the kind %s in %s leaves no placeholder and has its link in both forms',
    (kind, locale) => {
      const { subject, text, html } = writeMail(kind, locale, {
        service: 'chat.example.com',
        username: 'ada',
        ...(kind !== 'password' && { link: LINK }),
      });
      expect(`${subject}${text}${html}`).not.toMatch(/\{\w+\}/);
      expect([text.includes('ada'), subject.includes('chat.example.com')]).toEqual([true, true]);
      expect(subject).not.toMatch(/[\r\n]/);
      expect(text.includes(LINK)).toBe(kind !== 'password');
      expect(html.includes(LINK.replace('&', '&amp;'))).toBe(kind !== 'password');
      expect(html).toContain(`lang="${locale}" dir="${locale === 'ar' ? 'rtl' : 'ltr'}"`);
    },
  );

  it('shows a name that looks like HTML, or like a placeholder, as it is', () => {
    const { html, text } = writeMail('password', 'en', {
      service: '$&',
      username: '<b>"ada"</b>',
    });
    expect(html).toContain('Hello &lt;b&gt;&quot;ada&quot;&lt;/b&gt;,');
    expect(text).toContain('Hello <b>"ada"</b>,');
  });
});
