/** The field one writes in: drafts, length, refusals and waiting times. What is typed is never lost. */
import { recall, remember } from "../stored.js";
import { writeWaiting } from "./waiting.js";

const TYPING_EVERY_MS = 3_000;
const COUNT_FROM = 400;

export class Composer {
  #form;
  #field;
  #error;
  #count;
  #limit;
  #submit;
  #draftKey;
  #deeds;
  #typedAt = 0;
  #wait = 0;

  /**
   * @param {HTMLFormElement} form
   * @param {string} slug of the channel, which owns the draft
   * @param {{send: (content: string) => void, typing: () => void}} deeds
   */
  constructor(form, slug, deeds) {
    this.#form = form;
    this.#field = form.elements.content;
    this.#error = form.querySelector("[data-chat-error]");
    this.#count = form.querySelector("[data-chat-count]");
    this.#limit = Number(this.#field.dataset.limit);
    this.#submit = form.querySelector("[type=submit]");
    this.#draftKey = `draft.${slug}`;
    this.#deeds = deeds;
    this.#field.value ||= recall(this.#draftKey, "", "sessionStorage");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
    this.#field.addEventListener("input", () => this.#typed());
    this.#measure();
  }

  /** A line was refused: say why, and give its words back to be sent again.
   * @returns {boolean} false when something new is being written, which stays */
  giveBack(content, { message, retryAfter = null }) {
    const isFree = this.#field.value.trim() === "";
    if (isFree) this.#write(content);
    this.refuse(message, retryAfter);
    return isFree;
  }

  /** @param {number|null} retryAfter seconds until the next attempt can succeed */
  refuse(message, retryAfter = null) {
    clearInterval(this.#wait);
    this.#say(message);
    if (retryAfter) this.#countDown(message, Date.now() + retryAfter * 1000);
  }

  /** What held a line up has passed: nothing is left to say about it. */
  relent() {
    if (!this.#submit.disabled) this.#say("");
  }

  #countDown(message, until) {
    this.#submit.disabled = true;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (left > 0) return this.#say(message, ` You can write again in ${left} s.`);
      clearInterval(this.#wait);
      this.#submit.disabled = false;
      this.#say("");
    };
    this.#wait = setInterval(tick, 1_000);
    tick();
  }

  #send() {
    const content = this.#field.value.trim();
    if (!content || this.#submit.disabled) return;
    if ([...content].length > this.#limit) return this.refuse(`A message has at most ${this.#limit} characters.`);
    this.#say("");
    this.#write("");
    this.#typedAt = 0;
    this.#deeds.send(content);
  }

  #pressed(event) {
    // Enter that confirms a word in an input method does not send it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #typed() {
    remember(this.#draftKey, this.#field.value, "sessionStorage");
    this.#measure();
    if (!this.#submit.disabled) this.#say("");
    if (!this.#field.value.trim() || Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = Date.now();
    this.#deeds.typing();
  }

  #write(content) {
    this.#field.value = content;
    remember(this.#draftKey, content, "sessionStorage");
    this.#measure();
  }

  #measure() {
    const length = [...this.#field.value].length;
    if (!this.#count) return;
    this.#count.textContent = length >= COUNT_FROM ? `${length}/${this.#limit}` : "";
    this.#count.toggleAttribute("data-over", length > this.#limit);
  }

  #say(words, wait = "") {
    writeWaiting(this.#error, words, wait);
  }
}
