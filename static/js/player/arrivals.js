/** What came over the line lately: how much of it, and whether in time. */

const KEPT = 100; // parts: twenty seconds of them
const DRY = 0.02; // seconds of media left: the next part came too late

export class Arrivals {
  #kept = [];

  /** @param {{bytes: number, seconds: number, ahead: number, moving: boolean}} part how much media it holds, and how
   * much was left to play when it came to a picture that was moving */
  add({ bytes, seconds, ahead, moving }) {
    this.#kept.push({ bytes, seconds, late: moving && ahead < DRY });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /** Bits a second of the media, null when none has come. */
  get bitrate() {
    const sum = (key) => this.#kept.reduce((total, part) => total + part[key], 0);
    const seconds = sum("seconds");
    return seconds > 0 ? (sum("bytes") * 8) / seconds : null;
  }

  /** How many of the last parts came in time, null when none has come. */
  get onTime() {
    const of = this.#kept.length;
    return of ? { of, count: this.#kept.filter(({ late }) => !late).length } : null;
  }
}
