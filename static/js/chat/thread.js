/** One conversation of the room by itself: the first message and what answers it, in place of the log. */
import { Lines } from "./line.js";

export class Thread {
  #panel;
  #list;
  #lines;
  #deeds;
  #root = null; // the id of the message that the open thread begins with
  #opener = null;
  #answer;

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {import("./you.js").You} you
   * @param {import("./deeds.js").Deeds} deeds
   * @param {(message: object|null, stays?: boolean) => void} answer makes what is written an answer */
  constructor(root, you, deeds, answer) {
    this.#panel = root.querySelector("[data-chat-thread]");
    this.#list = this.#panel.querySelector("ol");
    this.#lines = new Lines(root, you);
    this.#deeds = deeds;
    this.#answer = answer;
    this.#panel.querySelector("button").addEventListener("click", () => this.close());
    this.#panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
  }

  /** Show the conversation that a message belongs to. Rejects with ApiError. */
  async open(message) {
    const { data } = await this.#deeds.thread(message.id);
    this.#opener = document.activeElement;
    this.#root = data[0]?.thread ?? data[0]?.id ?? message.id;
    this.#list.replaceChildren(...data.map((row) => this.#lines.draw(row)));
    this.#panel.hidden = false;
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#panel.querySelector("button").focus();
    // Who writes now writes here.
    this.#answer(data[0] ?? message, true);
  }

  close() {
    this.#root = null;
    this.#panel.hidden = true;
    this.#answer(null);
    this.#opener?.focus();
  }

  /** What came into the room; what answers the open thread stands in it, too. */
  take(messages) {
    if (!this.#root) return;
    const ours = messages.filter(({ thread }) => thread === this.#root);
    this.#list.append(...ours.map((message) => this.#lines.draw(message)));
    if (ours.length) this.#list.scrollTop = this.#list.scrollHeight;
  }

  /** Somebody is kept out. */
  strike(userId) {
    this.#lines.strikeOf(this.#list, userId);
  }

  /** All that a person said up to a number was removed; without a person the whole room was cleared. */
  cleared(userId, upTo) {
    if (userId) this.#lines.eraseOf(this.#list, userId, upTo);
    else if (this.#root) this.close();
  }

  /** Messages came back. */
  restore(messages) {
    for (const message of messages) {
      const standing = this.#list.querySelector(`[data-message-id="${CSS.escape(message.id)}"]`);
      standing?.replaceWith(this.#lines.redraw(message, standing));
    }
  }

  /** A message was removed. */
  markDeleted(id) {
    const line = this.#list.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
    if (line) this.#lines.eraseIn(this.#list, line);
  }
}
