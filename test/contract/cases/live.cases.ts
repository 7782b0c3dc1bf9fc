import { TestSocket } from '../../support/socket.js';
import type { ContractCases } from '../contract-case.js';

/** Live streams. */
export const liveCases: ContractCases = {
  'get /api/live': async ({ client, server, alice, bob, chatId }) => {
    const host = await TestSocket.connect(server, alice);
    await host.command('start_live', { title: 'Live', chatId });
    await client.call('get', '/api/live', { token: bob.token });
    host.close();
  },
};
