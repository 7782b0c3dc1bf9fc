import { describe, expect, it } from '@jest/globals';
import { nameWords, searchWords } from './name-words.js';

type Case = [q: string, username: string, firstName?: string, lastName?: string];

const finds = (...[q, username, firstName = '', lastName = '']: Case): boolean => {
  const words = nameWords({ username, firstName, lastName });
  return searchWords(q).every((wanted) => words.some((word) => word.startsWith(wanted)));
};

describe('a search for people', () => {
  it.each<Case>([
    ['Mary Jane Watson', 'mj', 'Mary Jane', 'Watson'],
    ['watson mary', 'mj', 'Mary Jane', 'Watson'],
    ['Watson, Mary', 'mj', 'Mary Jane', 'Watson'],
    ['jane', 'mj', 'Mary Jane', 'Watson'],
    ['van der Berg', 'vb', 'Vincent', 'van der Berg'],
    ['berg vincent', 'vb', 'Vincent', 'van der Berg'],
    ['Juan Carlos de la Cruz', 'jc', 'Juan Carlos', 'de la Cruz'],
    ['cruz', 'jc', 'Juan Carlos', 'de la Cruz'],
    ['zoe', 'z', 'Zoë', ''],
    ['ZOË', 'z', 'Zoe\u0308', ''],
    ['Soren', 's', 'Søren', ''],
    ['lukasz', 'l', 'Łukasz', ''],
    ['strauss', 's', 'Strauß', ''],
    ['duc nguyen', 'd', 'Đức', 'Nguyễn'],
    ["o'neil", 's', 'Sean', "O'Neil"],
    ['o\u2019neil', 's', 'Sean', "O'Neil"],
    ["O'Neil", 's', 'Sean', 'O\u2019Neil'],
    ['oneil', 's', 'Sean', "O'Neil"],
    ['neil', 's', 'Sean', "O'Neil"],
    ["d'arc", 'j', 'Jeanne', 'd\u02BCArc'],
    ['jean-luc', 'p', 'Jean-Luc', 'Picard'],
    ['jean luc', 'p', 'Jean-Luc', 'Picard'],
    ['jeanluc', 'p', 'Jean-Luc', 'Picard'],
    ['jean\u2010luc', 'p', 'Jean-Luc', 'Picard'],
    ['luc', 'p', 'Jean-Luc', 'Picard'],
    ['@ada', 'ada.lovelace'],
    ['ada.l', 'ada.lovelace'],
    ['lovelace', 'ada.lovelace'],
    ['@ada lovelace', 'ada_99', 'Ada', 'Lovelace'],
    ['ＡＤＡ', 'ada'],
    ['山田太郎', 'y', '太郎', '山田'],
    ['太郎 山田', 'y', '太郎', '山田'],
    ['田太', 'y', '太郎', '山田'],
    ['郎', 'y', '太郎', '山田'],
    ['김민준', 'k', '민준', '김'],
    ['สมชาย', 't', 'สมชาย', 'ใจดี'],
    ['мария', 'm', 'Мари\u0301я', 'Иванова'],
    ['محمد', 'm', 'مُحَمَّد', ''],
    ['अमित', 'a', 'अमित', 'शाह'],
    ['👩‍🔬', 'ada', 'Ada 👩🏽‍🔬', ''],
    ['St. John', 'sj', 'St. John', ''],
    ['st john', 'sj', 'St. John', ''],
    ['o.q*(', 'm', 'Max', 'O.Q*(x'],
  ])('for %s finds %s (%s %s)', (q, ...names) => {
    expect(finds(q, ...names)).toBe(true);
  });

  it.each<Case>([
    ['atson', 'mj', 'Mary Jane', 'Watson'],
    ['mary smith', 'mj', 'Mary Jane', 'Watson'],
    ['パパ', 'p', 'ハハ', ''],
    ['अमीत', 'a', 'अमित', ''],
    ['.*', 'ada'],
    ['@', 'ada'],
    ["'", 'ada'],
    ['(((', 'm', 'Max', 'O.Q*(x'],
    ['ada@example.com', 'ada'],
  ])('for %s does not find %s (%s %s)', (q, ...names) => {
    expect(finds(q, ...names)).toBe(false);
  });

  it('asks for at most five words, and for none that another one begins with', () => {
    const letters = Array.from({ length: 50 }, (_, i) => String.fromCodePoint(0x61 + i));
    expect(searchWords(letters.join(' '))).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(searchWords('Ada  ada ADA a ad lovelace')).toEqual(['ada', 'lovelace']);
  });

  it('has a bounded number of words to look up, however long the names are', () => {
    const name = Array.from({ length: 50 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('');
    const words = nameWords({ username: 'long', firstName: name, lastName: name });
    expect(words.length).toBeLessThanOrEqual(200);
    expect(words).toContain('long');
  });
});
