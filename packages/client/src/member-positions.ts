import type { ChatMessage, MemberPosition, MessageStatus, SyncedChat } from './wire.types.js';

/** How far the members of one chat have read and received. */
export class MemberPositions {
  private readonly positions = new Map<string, MemberPosition>();
  /** Large chats come without the members' positions, but not without this one. */
  private ownReadSeq = 0;

  constructor(private readonly userId: string) {}

  /** Up to where this user has read. */
  get readSeq(): number {
    return this.ownReadSeq;
  }

  /** By user id. */
  list(): MemberPosition[] {
    return [...this.positions.values()].sort((a, b) => (a.userId < b.userId ? -1 : 1));
  }

  /** Moves a member's position forward; answers whether it was further back. */
  move(userId: string, field: 'lastReadSeq' | 'lastDeliveredSeq', seq: number): boolean {
    const isOwnRead = userId === this.userId && field === 'lastReadSeq' && seq > this.ownReadSeq;
    if (isOwnRead) this.ownReadSeq = seq;
    const known = this.positions.get(userId);
    if (!known || known[field] >= seq) return isOwnRead;
    this.positions.set(userId, { ...known, [field]: seq });
    return true;
  }

  /** Positions only move forward: an answer may be older than what was heard since it was asked for. */
  applySync({ chat, positions, isReset }: SyncedChat): void {
    this.ownReadSeq = Math.max(chat.lastReadSeq, isReset ? 0 : this.ownReadSeq);
    const known = new Map(isReset ? [] : this.positions);
    this.positions.clear();
    for (const position of positions) {
      const before = known.get(position.userId);
      this.positions.set(position.userId, {
        ...position,
        lastReadSeq: Math.max(position.lastReadSeq, before?.lastReadSeq ?? 0),
        lastDeliveredSeq: Math.max(position.lastDeliveredSeq, before?.lastDeliveredSeq ?? 0),
      });
    }
  }

  /**
   * How far a message has come among the members other than its sender. Nobody waits for a closed account, unless
   * there is no other.
   */
  statusOf({ senderId, seq }: ChatMessage): MessageStatus {
    const all = [...this.positions.values()].filter(({ userId }) => userId !== senderId);
    const open = all.filter(({ isDeactivated }) => !isDeactivated);
    const others = open.length > 0 ? open : all;
    if (others.length === 0) return 'sent';
    if (others.every(({ lastReadSeq }) => lastReadSeq >= seq)) return 'read';
    const hasArrived = ({ lastReadSeq, lastDeliveredSeq }: MemberPosition) =>
      Math.max(lastReadSeq, lastDeliveredSeq) >= seq;
    return others.every(hasArrived) ? 'delivered' : 'sent';
  }
}
