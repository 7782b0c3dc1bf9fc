/** The shop's pages. Everything that somebody has written is escaped by the tag `html`. */
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

class Html extends String {}

const textOf = (value) => {
  if (value instanceof Html) return value;
  if (Array.isArray(value)) return value.map(textOf).join('');
  return String(value ?? '').replace(/[&<>"']/g, (sign) => ESCAPES[sign]);
};
const html = (parts, ...values) =>
  new Html(parts.map((part, n) => part + (n < values.length ? textOf(values[n]) : '')).join(''));

const page = ({ title, user, script }, body) =>
  String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title} – House &amp; Home</title>
          <link rel="icon" href="/icon.svg" />
          <link rel="stylesheet" href="/shop.css" />
          ${script ? html`<script type="module" src="${script}"></script>` : ''}
        </head>
        <body>
          <header>
            <a class="brand" href="/">House &amp; Home</a>
            <nav>
              ${user?.role === 'seller' ? html`<a href="/inbox">Questions</a>` : ''}
              ${user ? html`<a href="/orders">Orders</a>` : ''}
              ${
                user
                  ? html`<form method="post" action="/logout">
                      <span>${user.name}</span> <button class="plain">Sign out</button>
                    </form>`
                  : html`<a href="/login">Sign in</a>`
              }
            </nav>
          </header>
          <main>${body}</main>
        </body>
      </html>`,
  );

/** The chat; `chat.js` fills it. `data-ask` is where to begin it, `data-chat` the id of one that is there. */
const chatPanel = (title, attributes) => html`
  <section class="chat" ${attributes} aria-label="${title}">
    <h2>${title} <span class="state" role="status">connecting …</span></h2>
    <ol class="messages" aria-live="polite"></ol>
    <p class="problem" role="alert" hidden></p>
    <form class="compose">
      <input name="text" aria-label="Message" placeholder="Write a message" autocomplete="off" />
      <button>Send</button>
    </form>
  </section>
`;

export const shopPage = ({ user, products }) =>
  page(
    { title: 'Shop', user },
    html`<h1>Things for your home</h1>
      <ul class="products">
        ${products.map(
          ({ id, name, price }) =>
            html`<li>
              <a href="/products/${id}">
                <img src="/${id}.svg" alt="" /> <strong>${name}</strong> <span>${price}</span>
              </a>
            </li>`,
        )}
      </ul>`,
  );

export const loginPage = ({ problem }) =>
  page(
    { title: 'Sign in' },
    html`<form class="login" method="post" action="/login">
      <h1>Sign in</h1>
      ${problem ? html`<p class="problem" role="alert">${problem}</p>` : ''}
      <label>Name <input name="name" required autocomplete="username" /></label>
      <label>
        Password <input name="password" type="password" required autocomplete="current-password" />
      </label>
      <button>Sign in</button>
      <p class="hint">ada and ben buy, grace sells. The password is shop1234.</p>
    </form>`,
  );

export const productPage = ({ user, product }) =>
  page(
    { title: product.name, user, script: user?.role === 'customer' && '/chat.js' },
    html`<div class="columns">
      <article class="product">
        <img src="/${product.id}.svg" alt="" />
        <h1>${product.name}</h1>
        <p>${product.text}</p>
        <p class="price">${product.price}</p>
        ${
          user?.role === 'customer'
            ? html`<form method="post" action="/products/${product.id}/order">
                <button>Order</button>
              </form>`
            : ''
        }
        ${user ? '' : html`<p class="hint"><a href="/login">Sign in</a> to order or to ask.</p>`}
      </article>
      ${
        user?.role === 'customer'
          ? chatPanel('Ask the seller', html`data-ask="/products/${product.id}/ask"`)
          : ''
      }
    </div>`,
  );

export const inboxPage = ({ user, questions }) =>
  page(
    { title: 'Questions', user },
    html`<h1>Questions</h1>
      ${questions.length === 0 ? html`<p class="hint">Nobody has asked yet.</p>` : ''}
      <ul class="rows">
        ${questions.map(
          ({ chatId, customer, product }) =>
            html`<li>
              <a href="/inbox/${chatId}">
                <img src="/${product.id}.svg" alt="" /> ${customer.name}
                <span class="hint">${product.name}</span>
              </a>
            </li>`,
        )}
      </ul>`,
  );

export const chatPage = ({ user, question }) =>
  page(
    { title: question.customer.name, user, script: '/chat.js' },
    chatPanel(
      `${question.customer.name} about ${question.product.name}`,
      html`data-chat="${question.chatId}"`,
    ),
  );

const eventLine = ({ data, type }) => {
  if (data.message) return data.message.content || '(no text)';
  if (data.chat) return data.chat.name;
  return type === 'member.added' ? `somebody is in the chat as ${data.role}` : '';
};

export const ordersPage = ({ user, orders, events }) =>
  page(
    { title: 'Orders', user },
    html`<h1>Orders</h1>
      ${orders.length === 0 ? html`<p class="hint">There are none yet.</p>` : ''}
      <ul class="rows">
        ${orders.map(
          ({ customer, id, product, state }) =>
            html`<li>
              <img src="/${product.id}.svg" alt="" /> <strong>${id}</strong> ${product.name}
              <span class="hint">${customer.name}</span> <span class="badge">${state}</span>
              ${
                user.role === 'seller' && state === 'ordered'
                  ? html`<form method="post" action="/orders/${id}/send">
                      <button>Mark as sent</button>
                    </form>`
                  : ''
              }
            </li>`,
        )}
      </ul>
      ${
        user.role === 'seller'
          ? html`<h2>What Parley has told the shop</h2>
              <p class="hint">Webhook events whose signature was right, newest first.</p>
              <ul class="rows events">
                ${events.map(
                  (event) =>
                    html`<li><code>${event.type}</code> <span>${eventLine(event)}</span></li>`,
                )}
              </ul>`
          : ''
      }`,
  );
