/** The server's clock as seen from here, so that delays stay true on a computer whose own clock is wrong. */

const SAMPLES = 32;

export class ServerClock {
  #offsets = [];

  /** Learn from a frame's `timestamp`. A frame is always received after it was stamped, so the smallest
   * difference seen is the nearest to the truth. */
  learn(timestamp) {
    const stamped = Date.parse(timestamp);
    if (Number.isNaN(stamped)) return;
    this.#offsets.push(Date.now() - stamped);
    if (this.#offsets.length > SAMPLES) this.#offsets.shift();
  }

  /** Milliseconds since the epoch on the server; our own clock until something was learned. */
  now() {
    return Date.now() - (this.#offsets.length ? Math.min(...this.#offsets) : 0);
  }
}

/** Hours and minutes here. Intl.DateTimeFormat says the same after 20 ms of getting ready. */
export const hours = (moment) => new Date(moment).toTimeString().slice(0, 5);
