import { readFileSync } from 'node:fs';
import type { OperationExample } from '../../transport/http/operation-notes.js';

/**
 * A request and its answer for every operation, recorded from a run of the Postman collection:
 * `RECORD_EXAMPLES=true npm run jest -- test/contract/try-it-out`.
 */
export const examples = JSON.parse(
  readFileSync(new URL('./examples.json', import.meta.url), 'utf8'),
) as Record<string, OperationExample>;
