/**
 * Starts everything: Parley with the shop as its issuer, a server key and a webhook for the shop, and the shop.
 * `PORT` is the shop's (3000), `PARLEY_PORT` Parley's (8010), `PARLEY_DIR` Parley's own folder.
 */
import { createAccounts } from './accounts.mjs';
import { ChatService } from './chat-service.mjs';
import { connectShop, installClient, startParley } from './parley.mjs';
import { createShop } from './shop.mjs';

const port = Number(process.env.PORT ?? 3000);
const shopUrl = `http://127.0.0.1:${port}`;
const parleyUrl = `http://127.0.0.1:${process.env.PARLEY_PORT ?? 8010}`;

const accounts = await createAccounts(shopUrl);
const client = await installClient();
const parley = await startParley({ parleyUrl, shopUrl });
const { key, webhookSecret } = await connectShop({ parleyUrl, shopUrl });
const shop = createShop({
  accounts,
  chats: new ChatService(parleyUrl, key),
  client,
  parleyUrl,
  webhookSecret,
  preSendSecret: parley.preSendSecret,
});
const server = shop.listen(port, '127.0.0.1', () => {
  console.log(`The shop is at ${shopUrl}, Parley at ${parleyUrl}. Ctrl+C ends both.`);
});

const stop = () => {
  server.close();
  server.closeAllConnections();
  parley.stop();
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
// A shop whose chat has ended says so by ending, too.
parley.ended.then((code) => {
  server.close();
  server.closeAllConnections();
  process.exitCode = code ?? 0;
});
