import type { ContractCases, ContractWorld } from '../contract-case.js';

/** Cases of the lists that two dialects have in the same form; `send` lets Alice write to Bob. */
export const conversationListCases = (
  base: string,
  send: (world: ContractWorld) => Promise<unknown>,
): ContractCases => ({
  [`get ${base}/conversations`]: async (world) => {
    await send(world);
    const { client, bob } = world;
    await client.call('get', `${base}/conversations`, { token: bob.token });
  },
  [`get ${base}/unread-count`]: async ({ client, bob }) => {
    await client.call('get', `${base}/unread-count`, { token: bob.token });
  },
});

/** Cases of the conversation with a person, whose id the path has under this name. */
export const personCases = (base: string, name: string): ContractCases => {
  const path = `${base}/conversation/{${name}}`;
  return {
    [`get ${path}`]: async ({ client, alice, bob, newUser }) => {
      for (const { token } of [bob, await newUser(), alice]) {
        await client.call('get', path, { token, params: { [name]: alice.id } });
      }
    },
  };
};
