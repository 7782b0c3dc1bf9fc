/**
 * Work that is done in rounds, one at a time. What asks for a round while one is under way shares the
 * next, so that slow work piles up no queue behind it.
 */
export class CoalescedTask {
  private last: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  /** @param work one round: takes in everything that has gathered when it begins. */
  constructor(private readonly work: () => Promise<void>) {}

  /** Resolves when a round that begins from now on has ended; rejects as it does. */
  run(): Promise<void> {
    if (!this.next) {
      const round = this.last.then(() => {
        this.next = undefined;
        return this.work();
      });
      this.next = round;
      this.last = round.catch(() => undefined);
    }
    return this.next;
  }

  /** Resolves when the rounds asked for so far have ended. */
  idle(): Promise<void> {
    return this.last;
  }
}
