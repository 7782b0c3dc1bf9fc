import type { ContractClient } from '../support/contract-client.js';
import type { SampleWorld } from './samples/sample.js';

/** What a contract case works with. */
export type ContractWorld = SampleWorld & { client: ContractClient };

/**
 * Calls one route in further ways than its sample does: other inputs, refusals, repetitions. The client
 * holds every answer against the specification; the case itself only asks.
 */
export type ContractCase = (world: ContractWorld) => Promise<void>;

/** Cases by operation, as `post /api/chats/{chatId}/accept`. */
export type ContractCases = Record<string, ContractCase>;
