/** The shop: an Express program like many, with a chat in its pages. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import express from 'express';
import { chatPage, inboxPage, loginPage, ordersPage, productPage, shopPage } from './pages.mjs';
import { createParleyCalls } from './parley-calls.mjs';
import { products } from './products.mjs';

const MAX_ORDERS = 500;
const MAX_QUESTIONS = 500;

const cookieOf = (request, name) =>
  (request.headers.cookie ?? '')
    .split(/;\s*/)
    .find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1);

export const createShop = ({
  accounts,
  chats,
  client,
  parleyUrl,
  webhookSecret,
  preSendSecret,
}) => {
  const app = express();
  const parleyCalls = createParleyCalls({ webhookSecret, preSendSecret });
  /** Newest first. */
  const orders = [];
  /** Chats that customers have begun, by id. */
  const questions = new Map();

  app.disable('x-powered-by');
  app.use((request, response, next) => {
    const socketUrl = parleyUrl.replace(/^http/, 'ws');
    response.set(
      'Content-Security-Policy',
      `default-src 'self'; connect-src 'self' ${parleyUrl} ${socketUrl}; frame-ancestors 'none'`,
    );
    next();
  });
  app.use('/parley', parleyCalls.router);
  app.get('/.well-known/jwks.json', (request, response) => response.json(accounts.keySet));
  app.use(express.static(join(import.meta.dirname, 'public')));
  app.get('/parley-client.js', (request, response) =>
    response.sendFile(client, { dotfiles: 'allow' }),
  );

  app.use(express.urlencoded({ extended: false, limit: '8kb' }));
  app.use((request, response, next) => {
    request.user = accounts.userOf(cookieOf(request, 'session'));
    next();
  });
  const signedIn = (request, response, next) => {
    if (request.user) next();
    else response.sendStatus(401);
  };
  /** The same for a page: whoever is not signed in is asked to. */
  const visitor = (request, response, next) => {
    if (request.user) next();
    else response.redirect('/login');
  };
  const seller = (request, response, next) => {
    if (request.user.role === 'seller') next();
    else response.sendStatus(403);
  };
  const product = (request, response, next) => {
    request.product = products.find(({ id }) => id === request.params.id);
    if (request.product) next();
    else response.sendStatus(404);
  };

  app.get('/', ({ user }, response) => response.send(shopPage({ user, products })));
  app.get('/login', (request, response) => response.send(loginPage({})));
  app.post('/login', (request, response) => {
    const { name = '', password = '' } = request.body ?? {};
    const session = accounts.signIn(String(name), String(password));
    if (!session) {
      response.status(401).send(loginPage({ problem: 'Wrong name or password.' }));
      return;
    }
    response.cookie('session', session, { httpOnly: true, sameSite: 'lax' });
    response.redirect('/');
  });
  app.post('/logout', (request, response) => {
    accounts.signOut(cookieOf(request, 'session'));
    response.clearCookie('session').redirect('/');
  });

  /** What a page needs to chat: whoever has a session of the shop is somebody in Parley. */
  app.get('/chat-token', signedIn, async ({ user }, response) => {
    response.set('Cache-Control', 'no-store');
    response.json({ url: parleyUrl, token: await accounts.tokenFor(user) });
  });

  const chatAbout = async (about, user) => {
    const chatId = await chats.about(about, user, accounts.seller);
    questions.set(chatId, { chatId, product: about, customer: user });
    if (questions.size > MAX_QUESTIONS) questions.delete(questions.keys().next().value);
    return chatId;
  };
  app.get('/products/:id', product, ({ product: shown, user }, response) => {
    response.send(productPage({ user, product: shown }));
  });
  app.post('/products/:id/ask', signedIn, product, async (request, response) => {
    response.json({ chatId: await chatAbout(request.product, request.user) });
  });
  app.post('/products/:id/order', signedIn, product, async (request, response) => {
    const { product: bought, user } = request;
    const id = `A-${randomBytes(4).toString('hex')}`;
    const order = { id, product: bought, customer: user, state: 'ordered' };
    order.chatId = await chatAbout(bought, user);
    orders.unshift(order);
    orders.length = Math.min(orders.length, MAX_ORDERS);
    await chats.showOrder(order.chatId, order);
    response.redirect(`/products/${bought.id}`);
  });

  app.get('/inbox', visitor, seller, ({ user }, response) => {
    response.send(inboxPage({ user, questions: [...questions.values()].reverse() }));
  });
  app.get('/inbox/:chatId', visitor, seller, ({ params, user }, response) => {
    const question = questions.get(params.chatId);
    if (question) response.send(chatPage({ user, question }));
    else response.sendStatus(404);
  });
  app.get('/orders', visitor, ({ user }, response) => {
    const isSeller = user.role === 'seller';
    const shown = orders.filter(({ customer }) => isSeller || customer.id === user.id);
    // What others write is nobody's business but the seller's.
    const events = isSeller ? parleyCalls.events : [];
    response.send(ordersPage({ user, orders: shown, events }));
  });
  app.post('/orders/:id/send', signedIn, seller, async ({ params }, response) => {
    const order = orders.find(({ id }) => id === params.id);
    if (!order) {
      response.sendStatus(404);
      return;
    }
    order.state = 'sent';
    await chats.updateOrder(order);
    response.redirect('/orders');
  });
  return app;
};
