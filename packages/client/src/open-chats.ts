import { toChatError } from './chat-error.js';

/** The chats that this device looks at. */
export class OpenChats {
  private readonly wanted = new Set<string>();
  /** Those of which the server has been told on this connection. */
  private readonly told = new Set<string>();

  /** @param tell tells the server that this device looks at a chat; rejects with a ChatError. */
  constructor(private readonly tell: (chatId: string) => Promise<unknown>) {}

  /** Opens a chat, now and after every reconnection. */
  async add(chatId: string): Promise<void> {
    this.wanted.add(chatId);
    await this.open(chatId);
  }

  /** Closes it. */
  delete(chatId: string): void {
    this.wanted.delete(chatId);
    this.told.delete(chatId);
  }

  /** The connection is gone, and with it what the server was told. */
  disconnected(): void {
    this.told.clear();
  }

  /**
   * Opens on a new connection what was open on the one before. What is refused for good is not open any
   * more; rejects when something may be taken later, and does the rest when it is called again.
   */
  async reopen(): Promise<void> {
    const chatIds = [...this.wanted].filter((chatId) => !this.told.has(chatId));
    const outcomes = await Promise.allSettled(chatIds.map((chatId) => this.open(chatId)));
    const errors = outcomes.flatMap((outcome, i) => {
      if (outcome.status === 'fulfilled') return [];
      const error = toChatError(outcome.reason);
      if (error.isRetryable) return [error];
      this.wanted.delete(chatIds[i]!);
      return [];
    });
    if (errors[0]) throw errors[0];
  }

  private async open(chatId: string): Promise<void> {
    await this.tell(chatId);
    if (this.wanted.has(chatId)) this.told.add(chatId);
  }
}
