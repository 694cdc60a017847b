/** The room for those who hear it: not each line, but every few seconds how many came and whom they mention. */

const EVERY_MS = 6_000;

export class Announcer {
  #lines;
  #box;
  #count = 0;
  #mentions = 0;
  #timer = 0;
  #inBatches = false;

  /** @param {HTMLElement} root the `[data-chat]` element */
  constructor(root) {
    this.#lines = root.querySelector(".chat-lines");
    this.#box = root.querySelector("[data-chat-batch]");
  }

  /** Whether to speak in batches instead of reading every line out. */
  set inBatches(inBatches) {
    this.#inBatches = inBatches;
    this.#lines.ariaLive = inBatches ? "off" : "polite";
    clearInterval(this.#timer);
    this.#count = this.#mentions = 0;
    this.#box.textContent = "";
    if (inBatches) this.#timer = setInterval(() => this.#speak(), EVERY_MS);
  }

  /** @param {number} count of new messages @param {number} mentions of them that mention or answer the reader */
  heard(count, mentions) {
    if (!this.#inBatches) return;
    this.#count += count;
    this.#mentions += mentions;
  }

  #speak() {
    if (!this.#count) return;
    this.#box.textContent = sentence(this.#count, this.#mentions);
    this.#count = this.#mentions = 0;
  }
}

export function sentence(count, mentions) {
  const words = count === 1 ? "1 new message" : `${count} new messages`;
  return mentions ? `${words}, ${mentions} ${mentions === 1 ? "mentions" : "mention"} you` : words;
}
