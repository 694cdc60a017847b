/** Who is writing just now, in one quiet line; and who came or left, while nobody writes. */

const FADES_MS = 6_000;
const PASSES_MS = 4_000;

export class Typing {
  #box;
  #until = new Map();
  #timer = 0;
  #passing = { words: "", until: 0 };

  /** @param {HTMLElement|null} box */
  constructor(box) {
    this.#box = box;
  }

  /** @param {string} name of somebody who typed a moment ago */
  saw(name) {
    this.#until.set(name, Date.now() + FADES_MS);
    this.#draw();
  }

  /** Their message is there: they are no longer writing it. */
  finished(name) {
    if (this.#until.delete(name)) this.#draw();
  }

  /** Something small happened, such as that somebody came. */
  pass(words) {
    this.#passing = { words, until: Date.now() + PASSES_MS };
    this.#draw();
  }

  #draw() {
    const now = Date.now();
    for (const [name, until] of this.#until) if (until <= now) this.#until.delete(name);
    const passing = this.#passing.until > now;
    if (this.#box) this.#box.textContent = sentence([...this.#until.keys()]) || (passing ? this.#passing.words : "");
    clearTimeout(this.#timer);
    const ends = [...this.#until.values(), ...(passing ? [this.#passing.until] : [])];
    if (ends.length) this.#timer = setTimeout(() => this.#draw(), Math.min(...ends) - now);
  }
}

function sentence(names) {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`;
  return "Several people are typing";
}
