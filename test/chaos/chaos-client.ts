import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import type { ChaosDevice, Draft } from './chaos-device.js';
import type { LoggedMessage, SendRecord } from './history-checker.js';
import type { Random } from '../support/random.js';

/** Where a client can connect to, at this moment. */
export type NodeAddresses = () => string[];

/** What a message in an answer or event must hold. */
type Shown = LoggedMessage & { chatId: string };

const RETRY_MS = 200;
const ACK_TIMEOUT_MS = 4000;

/**
 * A device as a careful application would be: it retries what was not acknowledged under the same id,
 * on whatever node it finds, and closes gaps from the history.
 */
export class ChaosClient implements ChaosDevice {
  readonly sends: SendRecord[] = [];
  readonly chats = new Map<string, Map<number, LoggedMessage>>();
  private socket: Socket | undefined;
  private isStopped = false;
  private underWay = 0;
  private readonly catchingUp = new Map<string, Promise<boolean>>();
  private idle: (() => void)[] = [];

  constructor(
    readonly name: string,
    private readonly token: string,
    chatIds: string[],
    private readonly addresses: NodeAddresses,
    private readonly random: Random,
  ) {
    for (const chatId of chatIds) this.chats.set(chatId, new Map());
  }

  /** Connects to some node, and to another when that one goes. */
  connect(): void {
    if (this.isStopped) return;
    const nodes = this.addresses();
    if (nodes.length === 0) {
      setTimeout(() => {
        this.connect();
      }, RETRY_MS);
      return;
    }
    const socket = io(this.random.pick(nodes), {
      auth: { token: this.token, dialect: 'native' },
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: 3000,
    });
    this.socket = socket;
    const again = () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      socket.disconnect();
      setTimeout(
        () => {
          this.connect();
        },
        this.random.between(20, RETRY_MS),
      );
    };
    socket.on('disconnect', again);
    socket.on('connect_error', again);
    socket.on('message_received', (message: Shown) => {
      this.keep(message);
    });
    socket.on('unread_message', ({ message }: { message: Shown }) => {
      this.keep(message);
    });
    socket.on('connect', () => {
      for (const chatId of this.chats.keys()) {
        socket.emit('join_chat', { chatId });
        void this.catchUp(chatId);
      }
    });
  }

  /** Sends, and goes on trying until a node says that it has the message. */
  send(draft: Draft): void {
    const record: SendRecord = { clientMessageId: draft.clientMessageId, chatId: draft.chatId };
    this.sends.push(record);
    this.underWay += 1;
    void this.deliver(draft, record).finally(() => {
      this.underWay -= 1;
      if (this.underWay === 0) for (const done of this.idle.splice(0)) done();
    });
  }

  /** Resolves when everything that was sent is acknowledged. */
  allAcknowledged(): Promise<void> {
    if (this.underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  /** Reads what is missing, as a device does when it comes back; again until a node has answered. */
  async catchUpAll(): Promise<void> {
    await Promise.all(
      [...this.chats.keys()].map(async (chatId) => {
        // A reading under way may have begun before the last message was written.
        await this.catchingUp.get(chatId);
        while (!this.isStopped && !(await this.catchUp(chatId))) {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }),
    );
  }

  /** Goes to some node anew, as a device does that changes networks; else restarted nodes stay empty. */
  move(): void {
    if (this.socket?.connected) this.socket.disconnect();
  }

  /** Closes the connection for good. */
  stop(): void {
    this.isStopped = true;
    const { socket } = this;
    this.socket = undefined;
    socket?.disconnect();
  }

  private async deliver(draft: Draft, record: SendRecord): Promise<void> {
    while (!this.isStopped && !record.acknowledged) {
      try {
        const ack = (await this.socket
          ?.timeout(ACK_TIMEOUT_MS)
          .emitWithAck('send_message', draft)) as { ok: boolean; data: Shown } | undefined;
        if (ack?.ok) {
          record.acknowledged = { id: ack.data.id, seq: ack.data.seq };
          this.keep(ack.data);
          return;
        }
      } catch {
        // No answer: the message may or may not be written, which is what the id is for.
      }
      await new Promise((resolve) => setTimeout(resolve, this.random.between(20, RETRY_MS)));
    }
  }

  private keep({ chatId, id, seq, clientMessageId, content }: Shown): void {
    const chat = this.chats.get(chatId);
    if (!chat) return;
    chat.set(seq, { id, seq, clientMessageId, content });
    if (!chat.has(seq - 1) && seq > 1) void this.catchUp(chatId);
  }

  /** Answers whether this device now has everything that the log had. */
  private catchUp(chatId: string): Promise<boolean> {
    const running = this.catchingUp.get(chatId);
    if (running) return running;
    const work = this.readMissing(chatId).finally(() => this.catchingUp.delete(chatId));
    this.catchingUp.set(chatId, work);
    return work;
  }

  private async readMissing(chatId: string): Promise<boolean> {
    const chat = this.chats.get(chatId)!;
    while (!this.isStopped) {
      let after = 0;
      while (chat.has(after + 1)) after += 1;
      const page = await this.page(chatId, after);
      if (!page) return false;
      if (page.length === 0) return true;
      for (const message of page) this.keepRead(chatId, message);
    }
    return false;
  }

  private keepRead(chatId: string, message: Shown): void {
    const { id, seq, clientMessageId, content } = message;
    this.chats.get(chatId)!.set(seq, { id, seq, clientMessageId, content });
  }

  /** A page of the history; undefined when no node answers now, the next event or connection retries. */
  private async page(chatId: string, after: number): Promise<Shown[] | undefined> {
    try {
      const response = await fetch(
        `${this.random.pick(this.addresses())}/api/chats/${chatId}/messages?limit=200&after=${after}`,
        {
          headers: { authorization: `Bearer ${this.token}` },
          signal: AbortSignal.timeout(ACK_TIMEOUT_MS),
        },
      );
      if (!response.ok) return undefined;
      return ((await response.json()) as { data: Shown[] }).data;
    } catch {
      return undefined;
    }
  }
}
