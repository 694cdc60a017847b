/** When the picture stood still although it should have moved. Pure: times in, stalls out, in milliseconds. */

const NOTICED_MS = 250; // a shorter wait is nobody's trouble
const MOST = 10;
const MEMORY_MS = 55_000; // the server takes nothing older than a minute

export class Diary {
  #stalls = [];
  #since = null;

  /** The picture stands still. */
  stand(now) {
    this.#since ??= now;
  }

  /** It moves again. @returns {boolean} whether that was a stall */
  move(now) {
    const since = this.#since;
    this.#since = null;
    if (since === null || now - since < NOTICED_MS) return false;
    this.#stalls.push({ since, until: now });
    return true;
  }

  /** Nobody expects it to move: what was waited for so far does not count. */
  forget() {
    this.#since = null;
  }

  /** How long the picture has been standing still, 0 while it moves. */
  standing(now) {
    return this.#since === null ? 0 : now - this.#since;
  }

  /** What is to be told, as the API takes it; told stalls are forgotten, one that goes on begins anew. */
  tell(now) {
    if (this.move(now)) this.#since = now;
    const recent = this.#stalls.filter(({ since }) => now - since <= MEMORY_MS).slice(-MOST);
    this.#stalls = [];
    return recent.map(({ since, until }) => ({ secondsAgo: (now - since) / 1000, seconds: (until - since) / 1000 }));
  }
}
