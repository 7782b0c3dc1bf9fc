import { locationError } from '../errors.js';

/** The options that change what a pattern's own characters mean. */
export interface PatternOptions {
  readonly multiline: boolean;
  readonly extended: boolean;
  readonly dotAll: boolean;
}

// Without JavaScript's flag `m` these stand for the two ends of the text alone.
const START = '^';
const END = '$';
const END_OR_LAST_NEWLINE = `(?=\\n?${END})`;

/** PCRE2's blanks are ASCII; JavaScript's `\s` has all of Unicode's. */
const BLANKS = ' \\t\\n\\v\\f\\r';

/** Escapes outside of a character class that JavaScript writes differently. */
const ESCAPES: Readonly<Record<string, string>> = {
  A: START,
  z: END,
  Z: END_OR_LAST_NEWLINE,
  s: `[${BLANKS}]`,
  S: `[^${BLANKS}]`,
  h: '[ \\t]',
  a: '\\x07',
  e: '\\x1b',
  N: '[^\\n]',
};

/** The same within a class. */
const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  s: BLANKS,
  h: ' \\t',
  a: '\\x07',
  e: '\\x1b',
  b: '\\b',
};

/** Escapes that mean the same on both sides. */
const COMMON_ESCAPES = 'bBdDwWnrtfv';

const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: BLANKS,
  blank: ' \\t',
  xdigit: '0-9a-fA-F',
  word: '\\w',
  punct: '!-\\/:-@\\[-`\\{-~',
};

const QUANTIFIER = /^\{\d+(,\d*)?\}/;
const KNOWN_GROUP = /^\(\?(:|=|!|<=|<!|<[A-Za-z_]\w*>)/;
const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;

/**
 * Rewrites a PCRE2 pattern as one for JavaScript's `u` mode.
 * @throws MongoError 51091 for what JavaScript can't express, such as possessive quantifiers
 */
export function translatePattern(pattern: string, options: PatternOptions): string {
  return new Translation(pattern, options).run();
}

class Translation {
  private at = 0;
  private readonly out: string[] = [];

  constructor(
    private readonly pattern: string,
    private readonly options: PatternOptions,
  ) {}

  run(): string {
    while (this.at < this.pattern.length) this.out.push(this.next());
    return this.out.join('');
  }

  private next(): string {
    const character = this.take();
    switch (character) {
      case '\\':
        return this.escape();
      case '[':
        return this.characterClass();
      case '(':
        return this.group();
      case '.':
        return this.options.dotAll ? '[\\s\\S]' : '[^\\n]';
      case '^':
        return this.options.multiline ? `(?:${START}|(?<=\\n))` : START;
      case '$':
        return this.options.multiline ? `(?=\\n|${END})` : END_OR_LAST_NEWLINE;
      case '*':
      case '+':
      case '?':
        return this.quantifier(character);
      case '{':
        return this.braces();
      case '}':
      case ']':
        return `\\${character}`;
      default:
        return this.plain(character);
    }
  }

  /** The next character, whole also when it takes two UTF-16 units. */
  private take(): string {
    const character = String.fromCodePoint(this.pattern.codePointAt(this.at)!);
    this.at += character.length;
    return character;
  }

  private rest(): string {
    return this.pattern.slice(this.at);
  }

  private refuse(what: string): never {
    throw locationError(51091, `Regular expression is invalid: ${what} is not supported`);
  }

  private plain(character: string): string {
    if (!this.options.extended) return character;
    if (/\s/.test(character)) return '';
    if (character !== '#') return character;
    const comment = /^[^\n]*/.exec(this.rest())![0];
    this.at += comment.length;
    return '';
  }

  private quantifier(character: string): string {
    const follower = this.pattern[this.at];
    if (follower === '+') this.refuse('a possessive quantifier');
    if (follower !== '?') return character;
    this.at += 1;
    return `${character}?`;
  }

  private braces(): string {
    const quantifier = QUANTIFIER.exec(`{${this.rest()}`);
    if (!quantifier) return '\\{';
    this.at += quantifier[0].length - 1;
    return this.quantifier(quantifier[0]);
  }

  private group(): string {
    const rest = `(${this.rest()}`;
    if (rest.startsWith('(*')) this.refuse('a control verb');
    if (!rest.startsWith('(?')) return '(';
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    if (comment) {
      this.at += comment[0].length - 1;
      return '';
    }
    const named = /^\(\?(?:P<(\w+)>|'(\w+)')/.exec(rest);
    const back = /^\(\?P=(\w+)\)/.exec(rest);
    const known = KNOWN_GROUP.exec(rest);
    const found = named ?? back ?? known;
    if (!found) this.refuse(`the group ${rest.slice(0, 4)}`);
    this.at += found[0].length - 1;
    if (named) return `(?<${named[1] ?? named[2] ?? ''}>`;
    return back ? `\\k<${back[1]!}>` : found[0];
  }

  private escape(): string {
    if (this.at >= this.pattern.length) this.refuse('a backslash at the end');
    const character = this.take();
    if (character === 'Q') return this.quoted();
    if (Object.hasOwn(ESCAPES, character)) return ESCAPES[character]!;
    return this.commonEscape(character);
  }

  /** Literal text up to `\E`. */
  private quoted(): string {
    const end = this.pattern.indexOf('\\E', this.at);
    const text = this.pattern.slice(this.at, end < 0 ? undefined : end);
    this.at = end < 0 ? this.pattern.length : end + 2;
    return Array.from(text, (character) => this.literal(character)).join('');
  }

  private literal(character: string): string {
    return SYNTAX.test(character) ? `\\${character}` : character;
  }

  private commonEscape(character: string): string {
    if (COMMON_ESCAPES.includes(character)) return `\\${character}`;
    if (character === 'x') return this.hexadecimal();
    const named = /^(?:[pP]\{\^?[\w&]+\}|k<\w+>)/.exec(character + this.rest());
    if (named) {
      this.at += named[0].length - 1;
      return `\\${named[0]}`;
    }
    if (/[1-9]/.test(character)) return `\\${character}`;
    if (character === '0') return '\\x00';
    if (/[A-Za-z]/.test(character)) this.refuse(`the escape \\${character}`);
    return SYNTAX.test(character) ? `\\${character}` : character;
  }

  private hexadecimal(): string {
    const digits = /^(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{0,2}))/.exec(this.rest())!;
    this.at += digits[0].length;
    return `\\u{${digits[1] ?? (digits[2] || '0')}}`;
  }

  private characterClass(): string {
    let out = '[';
    if (this.pattern[this.at] === '^') {
      this.at += 1;
      out += '^';
    }
    // A bracket in the first place stands for itself.
    if (this.pattern[this.at] === ']') {
      this.at += 1;
      out += '\\]';
    }
    while (this.pattern[this.at] !== ']') {
      if (this.at >= this.pattern.length) this.refuse('a character class without end');
      out += this.classMember(this.take());
    }
    this.at += 1;
    return `${out}]`;
  }

  private classMember(character: string): string {
    if (character === '\\') {
      const escaped = this.take();
      if (escaped === '-') return '\\-';
      if (Object.hasOwn(CLASS_ESCAPES, escaped)) return CLASS_ESCAPES[escaped]!;
      if (escaped === 'S' || escaped === 'B' || escaped === 'k') {
        this.refuse(`\\${escaped} in a character class`);
      }
      return this.commonEscape(escaped);
    }
    if (character === '[') {
      const posix = /^:(\^?)(\w+):\]/.exec(this.rest());
      if (!posix) return '\\[';
      const members = Object.hasOwn(POSIX_CLASSES, posix[2]!)
        ? POSIX_CLASSES[posix[2]!]
        : undefined;
      if (posix[1] || members === undefined) this.refuse(`the class [${posix[0]}`);
      this.at += posix[0].length;
      return members;
    }
    return /[(){}/|]/.test(character) ? `\\${character}` : character;
  }
}
