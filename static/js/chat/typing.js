/** Who is writing just now, in one quiet line. */

const FADES_MS = 6_000;

export class Typing {
  #box;
  #until = new Map();
  #timer = 0;

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

  #draw() {
    const now = Date.now();
    for (const [name, until] of this.#until) if (until <= now) this.#until.delete(name);
    if (this.#box) this.#box.textContent = sentence([...this.#until.keys()]);
    clearTimeout(this.#timer);
    if (this.#until.size) this.#timer = setTimeout(() => this.#draw(), Math.min(...this.#until.values()) - now);
  }
}

function sentence(names) {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`;
  return "Several people are typing";
}
