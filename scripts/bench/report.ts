import { percentile } from './load.js';

/** One figure of a comparison: what was measured on each side, round by round. */
export interface Figure {
  name: string;
  unit: string;
  relay: number[];
  parley: number[];
}

const digits = (value: number): string =>
  value >= 1000 ? value.toFixed(0) : value.toPrecision(3).replace(/\.0+$/, '');
const median = (values: number[]): number => percentile(values, 0.5);

/** Prints the medians of all rounds, and Parley's figure divided by the relay's. */
export const printFigures = (figures: Figure[]): void => {
  const rows = figures.map(({ name, unit, relay, parley }) => [
    `${name} (${unit})`,
    digits(median(relay)),
    digits(median(parley)),
    `${(median(parley) / median(relay)).toFixed(2)}×`,
  ]);
  const header = ['', 'relay', 'parley', 'ratio'];
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]!.length)),
  );
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    );
    console.log(cells.join('   '));
  }
};
