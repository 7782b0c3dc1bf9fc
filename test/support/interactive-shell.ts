/** A shell at a terminal, as a person has one. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long one block of commands may take on a busy machine. */
const WAIT_MS = 60_000;
/** What terminals put around a text that is pasted, where the shell has asked for it. */
const PASTE = { begin: '\u001b[200~', end: '\u001b[201~' };

/** How text gets into the terminal: as one piece, or line by line from the keyboard. */
export type Way = 'pasted' | 'typed';

/** A shell that reads from a pseudo-terminal; the `script` of util-linux makes it. */
export class InteractiveShell {
  private readonly child: ChildProcess;
  private output = '';
  private blocks = 0;

  /** @param name `bash` or `zsh`. */
  constructor(name: string, { cwd, home }: { cwd: string; home: string }) {
    this.child = spawn('script', ['-qec', `${name} -i`, '/dev/null'], {
      cwd,
      env: { PATH: process.env.PATH, HOME: home, TERM: 'xterm-256color', LANG: 'C.UTF-8' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
  }

  /** Puts commands in and waits until the shell has carried them out; answers all that the terminal has shown. */
  async run(commands: string, way: Way): Promise<string> {
    const start = this.output.length;
    // The line as it is echoed does not look like what it prints.
    this.blocks += 1;
    const mark = `end of block ${this.blocks * 1000}`;
    const marking = `echo end of block $((${this.blocks} * 1000))`;
    const text = commands.trimEnd();
    this.child.stdin!.write(
      way === 'pasted'
        ? `${PASTE.begin}${text}${PASTE.end}\r${marking}\r`
        : `${text.replaceAll('\n', '\r')}\r${marking}\r`,
    );
    const deadline = Date.now() + WAIT_MS;
    while (!this.output.includes(mark, start)) {
      if (Date.now() > deadline || this.child.exitCode !== null) {
        throw new Error(
          `the shell did not come to the end; it showed:\n${this.output.slice(start)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this.output.slice(start);
  }

  /** Ends the shell. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.stdin!.write('\rexit\r');
    this.child.kill('SIGTERM');
    await closed;
  }
}
