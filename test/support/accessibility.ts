import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What is wrong with a page for people who cannot see it, or not well: WCAG 2.2 AA by axe, a line each. */
export const violations = async (page: Page): Promise<string[]> => {
  // By the protocol of the browser, which the page's own policy does not bind.
  await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(
          context: object,
          options: object,
        ): Promise<{
          violations: { id: string; nodes: { html: string }[] }[];
        }>;
      };
    };
    // React Aria says things to screen readers there, for some seconds longer than what they name is shown.
    const context = { exclude: ['[data-live-announcer]'] };
    const found = await axe.run(context, { runOnly: { type: 'tag', values } });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
  }, TAGS);
};
