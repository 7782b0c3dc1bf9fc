import type { Socket } from 'socket.io-client';
import { ChatClient, ChatError, ChatRoom, MemoryStorage } from '@parley-chat/client';
import type { ChaosDevice, Draft } from './chaos-device.js';
import type { LoggedMessage, SendRecord } from './history-checker.js';
import type { Person } from './chaos-people.js';

/** How many older messages are asked for at once, when the device is to show its whole log. */
const OLDER = 200;
const RETRY_MS = 200;

/** A device that runs the client SDK as an application would: its outbox sends, its store is the log. */
export class SdkDevice implements ChaosDevice {
  readonly sends: SendRecord[] = [];
  private readonly client: ChatClient;
  private readonly underWay = new Set<Promise<void>>();
  /** Sends that were refused for good; none should be. */
  private readonly failures: unknown[] = [];
  private isStopped = false;

  /** @param url the node that the device is bound to, however often it is restarted. */
  constructor(
    readonly name: string,
    person: Person,
    private readonly chatIds: string[],
    url: string,
  ) {
    this.client = new ChatClient(url, person.token, {
      storage: new MemoryStorage(),
      websocketOnly: true,
    });
  }

  /** What the SDK shows of each chat. */
  get chats(): Map<string, Map<number, LoggedMessage>> {
    return new Map(
      this.chatIds.map((chatId) => {
        const messages = this.client.store(chatId)?.list() ?? [];
        return [
          chatId,
          new Map(
            messages.map(({ id, seq, clientMessageId, content }) => [
              seq,
              { id, seq, clientMessageId, content },
            ]),
          ),
        ];
      }),
    );
  }

  connect(): void {
    // A refused login shows at the end: nothing of this device is acknowledged.
    this.client.connect().catch(() => undefined);
  }

  send({ clientMessageId, chatId, content }: Draft): void {
    const record: SendRecord = { clientMessageId, chatId };
    this.sends.push(record);
    const work = this.client.send({ clientMessageId, chatId, content }).then(
      ({ id, seq }) => {
        record.acknowledged = { id, seq };
      },
      (error: unknown) => {
        // On a machine that cannot keep up: this one was never taken.
        if (error instanceof ChatError && error.code === 'OUTBOX_FULL') {
          this.sends.splice(this.sends.indexOf(record), 1);
        } else this.failures.push(error);
      },
    );
    const done = work.finally(() => this.underWay.delete(done));
    this.underWay.add(done);
  }

  /** Loses its connection, as in a tunnel; the SDK comes back by itself. */
  move(): void {
    const { connection } = this.client as unknown as { connection: { socket: Socket } };
    if (connection.socket.connected) connection.socket.io.engine.close();
  }

  async allAcknowledged(): Promise<void> {
    await Promise.all(this.underWay);
    if (this.failures.length > 0) throw this.failures[0];
  }

  async catchUpAll(): Promise<void> {
    for (;;) {
      try {
        await this.client.refresh();
        for (const chatId of this.chatIds) {
          const room = new ChatRoom(this.client, chatId);
          while ((await room.loadOlder(OLDER)) > 0);
        }
        return;
      } catch (error) {
        if (this.isStopped) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  stop(): void {
    this.isStopped = true;
    this.client.disconnect();
  }
}
