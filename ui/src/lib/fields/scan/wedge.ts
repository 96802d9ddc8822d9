/** A scanner that types what it reads, told from a person by its speed. It ends with Enter or Tab, which must neither save the
 *  form nor leave the question. */

/** Nobody types two figures within this time; a scanner leaves 1 to 30 ms between them. */
const FAST_MS = 35;
const SHORTEST = 4;

export class Wedge {
  #last = 0;
  #fast = 0;

  /** A key went down at this time. True where it ends what a scanner typed. */
  key(key: string, ms: number): boolean {
    const fast = ms - this.#last <= FAST_MS;
    this.#last = ms;
    if (key === 'Enter' || key === 'Tab') {
      const scanned = fast && SHORTEST <= this.#fast + 1;
      this.#fast = 0;
      return scanned;
    }
    if (key.length === 1) this.#fast = fast ? this.#fast + 1 : 0;
    return false;
  }
}
