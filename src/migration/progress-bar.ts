const WIDTH = 30;
const REDRAW_MS = 100;

/** One line on the terminal that fills up; when the output is no terminal, only its last state. */
export class ProgressBar {
  private drawnAt = 0;

  constructor(
    private readonly label: string,
    private readonly total: number,
    private readonly output: NodeJS.WriteStream = process.stdout,
  ) {}

  /** Shows that so many of the total are done. */
  show(done: number): void {
    if (!this.output.isTTY || performance.now() - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = performance.now();
    this.output.write(`\r${this.line(done)}`);
  }

  /** Shows the last state and goes to the next line. */
  finish(done: number, remark = ''): void {
    this.output.write(`${this.output.isTTY ? '\r' : ''}${this.line(done)} ${remark}\n`);
  }

  private line(done: number): string {
    const share = this.total === 0 ? 1 : Math.min(1, done / this.total);
    const filled = Math.round(share * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const percent = `${(share * 100).toFixed(0)} %`.padStart(5);
    return `${this.label.padEnd(18)} ${bar} ${percent}  ${String(done)} of ${String(this.total)}`;
  }
}
