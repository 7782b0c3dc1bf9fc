/**
 * The English (Porter 2) stemmer of the Snowball project, which MongoDB uses: "brewing" and "brewed"
 * become "brew". See https://snowballstem.org/algorithms/english/stemmer.html; the steps below carry
 * its numbers.
 */

const VOWEL = 'aeiouy';
const DOUBLE = /(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/;

const SPECIAL: Readonly<Record<string, string>> = {
  skis: 'ski',
  skies: 'sky',
  dying: 'die',
  lying: 'lie',
  tying: 'tie',
  idly: 'idl',
  gently: 'gentl',
  ugly: 'ugli',
  early: 'earli',
  only: 'onli',
  singly: 'singl',
  sky: 'sky',
  news: 'news',
  howe: 'howe',
  atlas: 'atlas',
  cosmos: 'cosmos',
  bias: 'bias',
  andes: 'andes',
};

/** Left alone after step 1a. */
const SETTLED = new Set([
  'inning',
  'outing',
  'canning',
  'herring',
  'earring',
  'proceed',
  'exceed',
  'succeed',
]);

const STEP_2: readonly (readonly [suffix: string, replacement: string])[] = [
  ['ational', 'ate'],
  ['fulness', 'ful'],
  ['iveness', 'ive'],
  ['ization', 'ize'],
  ['ousness', 'ous'],
  ['biliti', 'ble'],
  ['lessli', 'less'],
  ['tional', 'tion'],
  ['alism', 'al'],
  ['aliti', 'al'],
  ['ation', 'ate'],
  ['entli', 'ent'],
  ['fulli', 'ful'],
  ['iviti', 'ive'],
  ['ousli', 'ous'],
  ['abli', 'able'],
  ['alli', 'al'],
  ['anci', 'ance'],
  ['ator', 'ate'],
  ['enci', 'ence'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['ogi', 'og'],
  ['li', ''],
];

const STEP_3: readonly (readonly [suffix: string, replacement: string])[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['alize', 'al'],
  ['ative', ''],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
];

const STEP_4 = [
  'ement',
  'able',
  'ance',
  'ence',
  'ible',
  'ment',
  'ant',
  'ate',
  'ent',
  'ion',
  'ism',
  'iti',
  'ive',
  'ize',
  'ous',
  'al',
  'er',
  'ic',
];

/** The stem of a lower-case word. */
export function stemEnglish(word: string): string {
  if (word.length < 3) return word;
  if (Object.hasOwn(SPECIAL, word)) return SPECIAL[word]!;
  const stemmer = new Stemmer(word);
  return stemmer.run();
}

function isVowel(char: string | undefined): boolean {
  return char !== undefined && VOWEL.includes(char);
}

class Stemmer {
  private word: string;
  private r1: number;
  private r2: number;

  constructor(word: string) {
    this.word = markConsonantY(word.replace(/^'/, ''));
    this.r1 = /^(?:gener|commun|arsen)/.exec(this.word)?.[0].length ?? regionAfter(this.word, 0);
    this.r2 = regionAfter(this.word, this.r1);
  }

  run(): string {
    this.word = this.word.replace(/'s'$|'s$|'$/, '');
    this.step1a();
    if (!SETTLED.has(this.word)) {
      this.step1b();
      this.step1c();
      this.step2();
      this.step3();
      this.step4();
      this.step5();
    }
    return this.word.toLowerCase();
  }

  private isInR1(suffix: string): boolean {
    return this.word.length - suffix.length >= this.r1;
  }

  private isInR2(suffix: string): boolean {
    return this.word.length - suffix.length >= this.r2;
  }

  private cut(suffix: string, replacement = ''): void {
    this.word = this.word.slice(0, this.word.length - suffix.length) + replacement;
  }

  private step1a(): void {
    const { word } = this;
    if (word.endsWith('sses')) this.cut('sses', 'ss');
    else if (/ie[sd]$/.test(word)) this.cut('ies', word.length > 4 ? 'i' : 'ie');
    else if (/(?:us|ss)$/.test(word)) return;
    else if (word.endsWith('s') && /[aeiouy].*.s$/.test(word)) this.cut('s');
  }

  private step1b(): void {
    const eed = /eed(?:ly)?$/.exec(this.word)?.[0];
    if (eed !== undefined) {
      if (this.isInR1(eed)) this.cut(eed, 'ee');
      return;
    }
    const suffix = /(?:ed|edly|ing|ingly)$/.exec(this.word)?.[0];
    if (suffix === undefined) return;
    const stem = this.word.slice(0, this.word.length - suffix.length);
    if (!/[aeiouy]/.test(stem)) return;
    this.word = stem;
    if (/(?:at|bl|iz)$/.test(stem)) this.word += 'e';
    else if (DOUBLE.test(stem)) this.cut('x');
    else if (this.isShort()) this.word += 'e';
  }

  private step1c(): void {
    if (/.[^aeiouy][yY]$/.test(this.word)) this.cut('y', 'i');
  }

  private step2(): void {
    const entry = STEP_2.find(([suffix]) => this.word.endsWith(suffix));
    if (!entry || !this.isInR1(entry[0])) return;
    const [suffix, replacement] = entry;
    const before = this.word.at(-suffix.length - 1);
    if (suffix === 'ogi' && before !== 'l') return;
    if (suffix === 'li' && !'cdeghkmnrt'.includes(before ?? ' ')) return;
    this.cut(suffix, replacement);
  }

  private step3(): void {
    const entry = STEP_3.find(([suffix]) => this.word.endsWith(suffix));
    if (!entry || !this.isInR1(entry[0])) return;
    const [suffix, replacement] = entry;
    if (suffix === 'ative' && !this.isInR2(suffix)) return;
    this.cut(suffix, replacement);
  }

  private step4(): void {
    const suffix = STEP_4.find((candidate) => this.word.endsWith(candidate));
    if (suffix === undefined || !this.isInR2(suffix)) return;
    if (suffix === 'ion' && !/[st]ion$/.test(this.word)) return;
    this.cut(suffix);
  }

  private step5(): void {
    if (this.word.endsWith('e')) {
      if (this.isInR2('e') || (this.isInR1('e') && !endsInShortSyllable(this.word.slice(0, -1)))) {
        this.cut('e');
      }
    } else if (this.word.endsWith('ll') && this.isInR2('l')) {
      this.cut('l');
    }
  }

  private isShort(): boolean {
    return this.r1 >= this.word.length && endsInShortSyllable(this.word);
  }
}

/** A `y` at the start or after a vowel is a consonant, written `Y` meanwhile. */
function markConsonantY(word: string): string {
  let marked = '';
  for (const [i, char] of [...word].entries()) {
    const isConsonant = char === 'y' && (i === 0 || isVowel(marked.at(-1)));
    marked += isConsonant ? 'Y' : char;
  }
  return marked;
}

/** Where the region after the first non-vowel following a vowel begins. */
function regionAfter(word: string, from: number): number {
  for (let i = from + 1; i < word.length; i++) {
    if (!isVowel(word[i]) && isVowel(word[i - 1])) return i + 1;
  }
  return word.length;
}

function endsInShortSyllable(word: string): boolean {
  return /(?:^[aeiouy][^aeiouy]|[^aeiouy][aeiouy][^aeiouywxY])$/.test(word);
}
