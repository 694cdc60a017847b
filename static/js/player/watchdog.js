/** Notices a picture that stands still although it should move, and says how hard to shake it. Pure. */

/** Milliseconds without a step of the playhead, and the remedy from there on, mildest first. */
const REMEDIES = [
  [1_500, "skip"], // there is media behind a hole: step over it
  [4_000, "edge"], // go to the live edge and load anew
  [8_000, "reopen"], // begin again with a new grant and a new player
];

export class Watchdog {
  #position = -1;
  #movedAt = 0;
  #given = null;

  /**
   * @param {number} position of the playhead, in seconds
   * @param {number} now in milliseconds
   * @param {boolean} expected whether the picture should be moving at all
   * @returns {"fine"|"skip"|"edge"|"reopen"} a remedy is named once for each standstill
   */
  look(position, now, expected) {
    if (!expected || position !== this.#position) {
      this.#position = position;
      this.#movedAt = now;
      this.#given = null;
      return "fine";
    }
    const stood = now - this.#movedAt;
    const due = REMEDIES.findLast(([after]) => stood >= after)?.[1];
    if (!due || due === this.#given) return "fine";
    this.#given = due;
    return due;
  }

  /** Begin anew after a remedy that needs time to work. */
  rest(now) {
    this.#movedAt = now;
    this.#given = null;
  }
}
