/** What the shop's server does in Parley, under its server key. */
export class ChatService {
  constructor(parleyUrl, key) {
    this.url = `${parleyUrl}/api/server`;
    this.key = key;
  }

  /** Opens the chat of a customer with the seller about a product, or finds it; answers its id. */
  async about(product, customer, seller) {
    const about = `${product.id}-${customer.id}`;
    const [found] = await this.call('GET', `/chats?metadata.about=${about}`);
    if (found) return found.id;
    // Parley knows people by the shop's ids: they need not have chatted before.
    const people = [seller, customer].map(({ id, name }) => {
      const [firstName, lastName] = name.split(' ');
      return { externalId: id, firstName, lastName };
    });
    const results = await this.call('POST', '/users/bulk', undefined, { users: people });
    const chat = {
      kind: 'group',
      name: `${product.name} – ${people[1].firstName}`,
      externalId: about,
      // The seller is the first, and so the owner.
      memberIds: results.map(({ user }) => user.id),
      metadata: { about },
    };
    // Two pages that ask at once get one chat.
    return (await this.call('POST', '/chats', `chat-${about}`, chat)).id;
  }

  /** Shows an order as a card in its chat: a type of the shop's own, with data that the page draws it from. */
  async showOrder(chatId, order) {
    await this.call('POST', `/chats/${chatId}/messages`, `order-${order.id}`, {
      messageType: 'custom',
      customType: 'order',
      // For clients that do not know the type, and for lists of chats.
      content: `Order ${order.id}: ${order.product.name}, ${order.product.price}`,
      metadata: cardOf(order),
    });
  }

  /** Brings the card of an order up to date, wherever it stands; everybody who looks at it sees it change. */
  async updateOrder(order) {
    const [card] = await this.call('GET', `/messages?metadata.orderId=${order.id}`);
    if (!card) return;
    const metadata = cardOf(order);
    await this.call('PATCH', `/messages/${card.id}`, `order-${order.id}-${order.state}`, {
      metadata,
    });
  }

  /** @param once the same for a retry of the same call: Parley does it once. */
  async call(method, path, once, body) {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        'content-type': 'application/json',
        ...(once && { 'idempotency-key': once }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${answer.message}`);
    return answer.data;
  }
}

const cardOf = ({ id, product, state }) => ({
  orderId: id,
  product: product.name,
  price: product.price,
  state,
});
