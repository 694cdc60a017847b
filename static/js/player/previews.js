/** The small pictures above the seek bar, out of the broadcast's storyboard. */
import { load } from "../load.js";

const FRESH_MS = 60_000; // about as often there are new stills

export class Previews {
  #address;
  #board = null;
  #askedAt = -Infinity;
  #picture = Object.assign(document.createElement("span"), { className: "seek-still" });

  /** @param {() => string} address of the storyboard's index under the newest grant, empty while there is none */
  constructor(address) {
    this.#address = address;
  }

  /** The picture of what passed the ingest at `date`, null while there is none. The first call only begins to load:
   * nobody fetches stills who does not look for them.
   * @param {number|null} date in milliseconds
   * @returns {HTMLElement|null} always the same element, drawn anew */
  of(date) {
    this.#refresh();
    const still = date === null ? null : (this.#board?.atDate(date) ?? null);
    if (!still) return null;
    Object.assign(this.#picture.style, {
      width: `${still.width}px`,
      height: `${still.height}px`,
      backgroundImage: `url("${still.url}")`,
      backgroundPosition: `${-still.x}px ${-still.y}px`,
    });
    return this.#picture;
  }

  #refresh() {
    const address = this.#address();
    if (!address || performance.now() - this.#askedAt < FRESH_MS) return;
    this.#askedAt = performance.now();
    load("player/storyboard.js")
      .then(({ Storyboard }) => Storyboard.load(address))
      .then((board) => (this.#board = board))
      .catch(() => {}); // a broadcast that has just begun has none: asked again in a minute
  }
}
