/** The snippets of docs/protocol.md, compiled against the types that they import. */
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const snippetsOf = (page: string): string[] =>
  [...page.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code!);

/** What the strict compiler says about programs, which lie in a folder of the project. */
const problemsOf = async (programs: string[]): Promise<string[]> => {
  const folder = await mkdtemp(join('packages', 'client', '.snippets-'));
  try {
    const files = await Promise.all(
      programs.map(async (code, index) => {
        const file = join(folder, `snippet-${index}.ts`);
        await writeFile(file, code);
        return file;
      }),
    );
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      types: [],
      paths: { '@parley-chat/client/protocol': [resolve('packages/client/src/protocol.ts')] },
    });
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

describe('the snippets of docs/protocol.md', () => {
  it('compile under the strict rules', async () => {
    const snippets = snippetsOf(await readFile('docs/protocol.md', 'utf8'));
    expect(snippets).toHaveLength(3);
    expect(await problemsOf(snippets)).toEqual([]);
  });

  it('would not compile with a member that an event or a command does not have', async () => {
    const types =
      "import type { NativeCommands, UserTyping } from '@parley-chat/client/protocol';\n";
    const problems = await problemsOf([
      `${types}export const read = (event: UserTyping) => event.name;`,
      `${types}export const sent: NativeCommands['join_chat']['payload'] = { room: 'a' };`,
    ]);
    expect(problems).toHaveLength(2);
  });
});
