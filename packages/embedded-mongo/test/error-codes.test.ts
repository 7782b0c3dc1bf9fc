/** The codes of what MongoDB refuses: drivers and people branch on them. */
import { expect, it } from '@jest/globals';
import { runDb } from './embedded-db.fixture.js';
import { answersToWrongInputs } from './differential/error-codes.js';

it('every wrong input gets the code that MongoDB has for it', async () => {
  const { db, stop } = await runDb();
  try {
    const answers = await answersToWrongInputs(db);
    const line = (title: string, code: number) => `${title}: ${String(code)}`;
    expect(answers.map(({ title, answered }) => line(title, answered))).toEqual(
      answers.map(({ title, code }) => line(title, code)),
    );
  } finally {
    await stop();
  }
}, 60_000);
