import { describe, expect, it } from '@jest/globals';
import type { ChatAccess, ChatSnapshot } from '../chats/index.js';
import { MentionResolver, mentionedNames } from './mentions.js';

const firstNames = (content: string) => mentionedNames(content).map(([name]) => name);

describe('mentionedNames', () => {
  it.each([
    ['at the start', '@ada', ['ada']],
    ['in any case', 'Hi @Ada, and (@EVE)!', ['ada', 'eve']],
    ['behind Han', '你好@ada请看', ['ada']],
    ['behind kana', '今日は@adaさん', ['ada']],
    ['behind Hangul', '안녕@ada님', ['ada']],
    ['behind Thai', 'สวัสดี@adaครับ', ['ada']],
    ['behind Arabic', 'مرحبا@ada', ['ada']],
    ['behind Hebrew', 'שלום@ada', ['ada']],
    ['behind Cyrillic', 'привет@ada', ['ada']],
    ['behind Devanagari with its sign', 'नमस्ते@ada', ['ada']],
    ['behind an emoji', '👋🏽@ada', ['ada']],
    ['with the wide sign of East Asian keyboards', '＠ada、＠ｅｖｅ', ['ada', 'eve']],
    [
      'behind punctuation',
      'cc:@ada;@eve,(@bob)[@kim]"@lee"“@max”«@tim»',
      ['ada', 'eve', 'bob', 'kim', 'lee', 'max', 'tim'],
    ],
    ['behind full-width punctuation', '注意：@ada，@eve。@bob！', ['ada', 'eve', 'bob']],
    ['behind the end of a sentence', 'Done.@ada', ['ada']],
    ['behind a dash, a slash and a bar', '-@ada /@eve |@bob', ['ada', 'eve', 'bob']],
    ['in emphasis', '**@ada** _@eve_ __@bob__ ~~@kim~~', ['ada', 'eve_', 'bob__', 'kim']],
    ['in a possessive', "@ada's and @eve’s", ['ada', 'eve']],
    ['in a quote and a list', '> @ada\n- @eve', ['ada', 'eve']],
    ['in a link text', '[@ada](https://example.com)', ['ada']],
    ['twice', '@ada @ADA', ['ada']],
    ['beside an address', 'me@example.com @ada https://example.com @eve', ['ada', 'eve']],
  ])('finds the names %s', (_what, content, names) => {
    expect(firstNames(content)).toEqual(names);
  });

  it.each([
    ['an e-mail address', 'mail bob@ada.example'],
    ['an e-mail address with a tag', 'bob+news@ada.example, bob+@ada.example'],
    ['an e-mail address with an accent', 'josé@ada.example'],
    ['mailto', 'mailto:bob@ada.example'],
    ['a digit before it', '42@ada'],
    ['a doubled sign', '@@ada'],
    ['a login', 'ssh root@ada and git@ada:repo'],
    ['a URL', 'https://example.com/@ada'],
    ['a URL with a login', 'https://me:pw@ada.example/'],
    ['a URL behind Han', '见https://example.com/@ada'],
    ['a URL of another scheme', 'matrix+x://u/@ada ftp://@ada'],
    ['a URL without a scheme', 'www.example.com/@ada example.com/users/@ada'],
    ['a URL in a link', '[profile](https://example.com/@ada)'],
    ['a code span', 'Put `@ada` above'],
    ['a code span in two backticks', '``a ` @ada``'],
    ['a code span over two lines', '`a\n@ada`'],
    ['a code block in one line', '```@ada```'],
    ['a code block inside a line', 'look: ```\n@ada\n\n@eve\n``` end'],
    ['a fenced block', '```java\n@ada\nclass Zap {}\n```'],
    ['a fenced block of tildes', '~~~\n@ada\n~~~'],
    ['a fenced block with backticks in it', '````\n```\n@ada\n````'],
    ['a fenced block of tildes with backticks in it', '~~~\n```\n@ada\n~~~'],
    ['a block that is not closed', 'See\n```\n@ada'],
    ['a fenced block with Windows line ends', '```\r\n@ada\r\n```\r\n'],
    ['a fenced block in a quote', '> ```\n> @ada\n> ```'],
    ['a fenced block in a list', '1. ```\n   @ada\n   ```'],
    ['another name by an accent', '@adaé and @ada\u0301'],
    ['a short name', '@a b'],
    ['a name longer than any', `@${'a'.repeat(31)}`],
    ['no name', 'no names, just 5 @ 3'],
  ])('finds none in %s', (_what, content) => {
    expect(mentionedNames(content)).toEqual([]);
  });

  it.each([
    ['beside code', '`code` @ada'],
    ['behind a block', '```\n@eve\n```\n@ada'],
    ['behind a block inside a line', 'x ```@eve``` @ada'],
    ['between two spans', '`a` @ada `b`'],
    ['behind a lone backtick', 'it`s @ada'],
    ['behind a backtick of another paragraph', 'it`s\n\n@ada it`s'],
    ['between escaped backticks', '\\`@ada\\`'],
    ['between backticks of different number', '`` @ada `'],
    ['behind the end of a block in its line', '```\n@eve\n``` @ada'],
    ['behind a block that begins inside a line', 'look: ```\n@eve\n``` @ada'],
    ['behind tildes of emphasis', '~~old~~ @ada'],
    ['behind a URL in angle brackets', '<https://example.com/@eve>@ada'],
    ['behind a URL that a wide sign ends', 'https://example.com/@eve，@ada'],
  ])('finds the name %s', (_what, content) => {
    expect(firstNames(content)).toEqual(['ada']);
  });

  it('says what a name with signs at its end may mean, the longest first', () => {
    expect(mentionedNames('Ask @a.b-c_d.')).toEqual([['a.b-c_d.', 'a.b-c_d']]);
    expect(mentionedNames('@ada... @eve- @bob_')).toEqual([
      ['ada...', 'ada'],
      ['eve-', 'eve'],
      ['bob_', 'bob'],
    ]);
    expect(mentionedNames(`@${'a'.repeat(30)}.`)).toEqual([['a'.repeat(30)]]);
  });

  it('finds at most fifty', () => {
    const content = Array.from({ length: 1000 }, (_, i) => `@user${i}`).join(' ');
    expect(mentionedNames(content)).toHaveLength(50);
  });

  it.each([
    ['letters', 'a'.repeat(50_000)],
    ['labels', 'a-'.repeat(25_000)],
    ['hosts', 'a.'.repeat(25_000)],
    ['schemes', 'a+'.repeat(25_000)],
    ['underscores', '_'.repeat(50_000)],
    ['underscores behind a letter', `a${'_'.repeat(50_000)}`],
    ['percent signs', '%'.repeat(50_000)],
    ['percent signs behind a letter', `a${'%'.repeat(50_000)}`],
    ['ellipses in a name', `@${'…'.repeat(17_000)}a `],
    ['signs in a name', `@${'._-'.repeat(17_000)}a `],
    ['signs at the end of a name', `@a${'._-'.repeat(17_000)} `],
    ['signs before a letter of another script', `@${'.'.repeat(50_000)}é `],
    ['names of signs', `@${'-'.repeat(99)}a `.repeat(500)],
    ['signs', '@'.repeat(50_000)],
    ['names', '@a.'.repeat(17_000)],
    ['quotes', '> '.repeat(25_000)],
    ['backticks', Array.from({ length: 300 }, (_, i) => '`'.repeat(i + 1)).join(' ')],
    ['lone backticks', '`\n\n'.repeat(17_000)],
    ['tildes', '~~~\n'.repeat(12_500)],
  ])('is quick about many %s', (_what, content) => {
    const start = performance.now();
    mentionedNames(`${content}@ada@ ~`);
    expect(performance.now() - start).toBeLessThan(400);
  });
});

describe('MentionResolver', () => {
  const ids = new Map([
    ['ada', '1'],
    ['ada.', '2'],
    ['eve', '3'],
    ['stranger', '4'],
  ]);
  const access = (members: string[]): Pick<ChatAccess, 'role'> => ({
    role: (_chat, userId) => Promise.resolve(members.includes(userId) ? 'member' : undefined),
  });
  const resolve = (content: string, members: string[]) =>
    new MentionResolver(
      {
        idsByUsername: (names) =>
          Promise.resolve(new Map([...ids].filter(([name]) => names.includes(name)))),
      },
      access(members),
    ).resolve({} as ChatSnapshot, content);

  it('mentions members only, each once, in their order', async () => {
    expect(await resolve('@eve @stranger @nobody @ada @EVE', ['1', '3'])).toEqual(['3', '1']);
  });

  it('takes a dot for the name of a member, else for the end of the sentence', async () => {
    expect(await resolve('Ask @ada.', ['1', '2'])).toEqual(['2']);
    expect(await resolve('Ask @ada.', ['1'])).toEqual(['1']);
    expect(await resolve('Ask @ada..', ['1', '2'])).toEqual(['1']);
  });
});
