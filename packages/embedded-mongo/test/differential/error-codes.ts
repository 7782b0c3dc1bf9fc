import type { Db, Document } from 'mongodb';
import { MongoServerError } from 'mongodb';
import { WRONG_INPUT_DOCUMENTS, WRONG_INPUTS } from './wrong-inputs.js';
import type { WrongInput } from './wrong-inputs.js';

/** What a database answers to a wrong input. */
export interface WrongAnswer extends WrongInput {
  /** The code of the error; 0 when there is none. */
  answered: number;
  message: string;
}

/** Tries every wrong input on a database, whose collection `c` is made anew. */
export async function answersToWrongInputs(db: Db): Promise<WrongAnswer[]> {
  await db.dropDatabase();
  await db.collection('c').insertMany(WRONG_INPUT_DOCUMENTS);
  await db.collection('c').createIndex({ n: 1 });
  const answers: WrongAnswer[] = [];
  for (const input of WRONG_INPUTS) {
    const { code, message } = await errorOf(db, input.command);
    answers.push({ ...input, answered: code, message });
  }
  return answers;
}

/** The error of the command, or of its first statement. */
async function errorOf(db: Db, command: Document): Promise<{ code: number; message: string }> {
  try {
    const reply = await db.command(command);
    const [first] = (reply['writeErrors'] ?? []) as { code: number; errmsg: string }[];
    return { code: first?.code ?? 0, message: first?.errmsg ?? '' };
  } catch (error) {
    if (!(error instanceof MongoServerError)) throw error;
    return { code: Number(error.code), message: error.message };
  }
}
