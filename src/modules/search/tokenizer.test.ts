import { describe, expect, it } from '@jest/globals';
import { fold, wordsOf } from '../../shared/fold.js';
import { matcherOf, queryTerms, requiredTerms, termsOf } from './tokenizer.js';

describe('words of a text', () => {
  it('are the same for all cases, widths and accents', () => {
    expect(wordsOf(fold('Crème BRÛLÉE! ｆｕｌｌ 42'))).toEqual(['creme', 'brulee', 'full', '42']);
  });

  it('leave out signs', () => {
    expect(wordsOf(fold('.* $where (a|b) —'))).toEqual(['where', 'a', 'b']);
  });

  it('take every emoji as a word, in one spelling and without its skin tone', () => {
    expect(wordsOf(fold('Tonight🎉🎉 \u2764 👍🏽 👨‍👩‍👧 🇫🇷🇯🇵 1️⃣ 🏴󠁧󠁢󠁳󠁣󠁴󠁿'))).toEqual([
      'tonight',
      '🎉',
      '🎉',
      '\u2764',
      '👍',
      '👨‍👩‍👧',
      '🇫🇷',
      '🇯🇵',
      '1\u20E3',
      '🏴󠁧󠁢󠁳󠁣󠁴󠁿',
    ]);
  });
});

describe('words of a query', () => {
  it('take the last one as a beginning, unless it is ended', () => {
    expect(queryTerms('good mor')).toEqual({ words: ['good'], beginning: 'mor' });
    expect(queryTerms('good mor ')).toEqual({ words: ['good', 'mor'], beginning: undefined });
  });

  it('are whole in unspaced scripts, and when they are emoji', () => {
    expect(queryTerms('party \u2764\uFE0F')).toEqual({
      words: ['party', '\u2764'],
      beginning: undefined,
    });
    expect(queryTerms('京都')).toEqual({ words: ['京都'], beginning: undefined });
  });

  it('count once however often they are said, and are not more than sixteen', () => {
    expect(queryTerms('la la Là la ')).toEqual({ words: ['la'], beginning: undefined });
    const many = Array.from({ length: 50 }, (_, i) => `word${i}`);
    expect(queryTerms(`${many.join(' ')} end`)).toEqual({
      words: many.slice(0, 16),
      beginning: 'end',
    });
  });

  it('look in few places, however long a run without spaces is', () => {
    const run = Array.from({ length: 200 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('');
    expect(requiredTerms(queryTerms(run))).toHaveLength(8);
  });

  it('are none in a query without words', () => {
    expect(queryTerms('!?')).toEqual({ words: [], beginning: undefined });
  });
});

describe('the test of a text', () => {
  const fits = (query: string, text: string) => matcherOf(queryTerms(query)).fits(fold(text));

  it('wants whole words, and the last one as a beginning', () => {
    expect(fits('good mor', 'A good morning')).toBe(true);
    expect(fits('goo morning', 'A good morning')).toBe(false);
    expect(fits('orning', 'A good morning')).toBe(false);
    expect(fits('good mor ', 'A good morning')).toBe(false);
  });

  it('looks inside longer runs in unspaced scripts', () => {
    expect(fits('京都', '東京都に行きます')).toBe(true);
    expect(fits('京', '東京都に行きます')).toBe(true);
    expect(fits('都京', '東京都に行きます')).toBe(false);
    expect(fits('iphone東', 'my iPhone東京')).toBe(true);
  });

  it.each([
    ['パパ', ['パパに電話して', 'ﾊﾟﾊﾟ'], ['ハハに電話して', 'ババに電話して']],
    ['かき', ['かき'], ['がき', 'かぎ']],
    ['ไม้', ['ต้นไม้สวย'], ['ไม่สวย', 'ไมสวย']],
    ['की', ['उस की बात'], ['उस का घर', 'उस के घर']],
    ['दीन', ['दीन'], ['दिन', 'दान']],
    ['கொள்', ['கொள்'], ['கள்', 'கேள்']],
    ['smorrebrod', ['Smørrebrød!'], ['smor']],
    ['Łódź', ['lodz', 'ŁÓDŹ'], ['lod']],
    ['strasse', ['Straße', 'STRASSE', 'GROẞE STRAẞE'], ['strase']],
    ['duong', ['Đường Láng'], ['uong']],
    ['istanbul', ['İstanbul', 'ISTANBUL', 'ıstanbul'], ['stan']],
    ['encyclopaedia', ['encyclopædia'], []],
    ['елка', ['ёлка', 'Ё\u0301ЛКА'], ['йлка']],
    ['мой', ['мой'], ['мои']],
    ['محمد', ['مُحَمَّد', 'مـحمد'], ['حمد']],
    ['שלום', ['שָׁלוֹם'], []],
    ['οδυσσευς', ['ΟΔΥΣΣΕΥΣ', 'Οδυσσεύς'], []],
    ['میخواهم', ['می\u200Cخواهم'], []],
    ['cooperate', ['co\u00ADoperate'], []],
    ['👍', ['ok👍', 'ok 👍🏿'], ['👎', 'ok']],
    ['❤️', ['I \u2764 you', '❤️'], ['🧡']],
    ['👨', ['👨 here'], ['👨‍👩‍👧']],
    ['🇫🇷', ['Vive la 🇫🇷!'], ['🇫🇮', '🇷🇫']],
  ])('finds with %s what a reader takes as the same, and nothing else', (query, found, others) => {
    expect(found.filter((text) => !fits(query, text))).toEqual([]);
    expect(others.filter((text) => fits(query, text))).toEqual([]);
    for (const text of found) {
      expect(termsOf([fold(text)])).toEqual(
        expect.arrayContaining(requiredTerms(queryTerms(query))),
      );
    }
  });
});

describe('terms', () => {
  const texts = [
    'a good morning',
    'internationalisation',
    '東京都に行きます',
    'my iPhone東京 42',
    'สวัสดีครับ',
  ].map(fold);
  const queries = ['good mor', 'a goo', 'internationalis', '京都', 'iphone東', 'iph', '4', 'สดี'];

  it('of every text include those that a fitting query requires', () => {
    let pairs = 0;
    for (const query of queries) {
      const words = queryTerms(query);
      for (const text of texts.filter(matcherOf(words).fits)) {
        expect(termsOf([text])).toEqual(expect.arrayContaining(requiredTerms(words)));
        pairs += 1;
      }
    }
    expect(pairs).toBeGreaterThanOrEqual(queries.length);
  });

  it('tell words and beginnings apart, and are never the number of an open block', () => {
    const [word, beginning, ...others] = termsOf(['tea']);
    expect(others).toEqual([]);
    expect(word).not.toBe(beginning);
    expect(Math.min(word!, beginning!)).toBeGreaterThan(0);
  });

  it('are required by nothing that is too short to have them', () => {
    expect(requiredTerms(queryTerms('ab'))).toEqual([]);
    expect(requiredTerms(queryTerms('京'))).toEqual([]);
    expect(requiredTerms(queryTerms('abc'))).toHaveLength(1);
  });

  it('begin with the longest word, which is the rarest more often than not', () => {
    const [first] = requiredTerms(queryTerms('to elephants '));
    expect([first]).toEqual(requiredTerms(queryTerms('elephants ')));
  });
});
