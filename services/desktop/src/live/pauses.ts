// How long to wait before something that keeps failing is begun again. Pure.

const FIRST = 1_000;
const LONGEST = 30_000;
const FORGOTTEN_AFTER = 60_000;

export class Pauses {
  #next = 0;
  #dueAt = Number.NEGATIVE_INFINITY;

  // Milliseconds to wait: none the first time and after a quiet minute, then twice as long each time.
  next(now: number): number {
    if (now - this.#dueAt > FORGOTTEN_AFTER) this.#next = 0;
    const pause = this.#next;
    this.#next = Math.min(LONGEST, Math.max(FIRST, 2 * pause));
    this.#dueAt = now + pause;
    return pause;
  }
}
