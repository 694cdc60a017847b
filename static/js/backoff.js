/** How long to wait before trying again: full jitter under a ceiling that doubles. */
export class Backoff {
  #first;
  #most;
  #failures = 0;

  /** @param {{first: number, most: number}} bounds the ceiling's first and last value, in milliseconds */
  constructor({ first, most }) {
    this.#first = first;
    this.#most = most;
  }

  /** The next wait in milliseconds. Spread over the upper half as well as the lower, so that a crowd
   * that lost the same server does not come back in one wave. */
  next() {
    const ceiling = Math.min(this.#most, this.#first * 2 ** this.#failures);
    this.#failures += 1;
    return Math.max(this.#first / 2, Math.random() * ceiling);
  }

  get failures() {
    return this.#failures;
  }

  /** Something worked: the next failure starts small again. */
  reset() {
    this.#failures = 0;
  }
}
