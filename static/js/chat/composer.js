/** The field one writes in: drafts, length, what is answered, refusals and waiting times. What is typed is never
 * lost. */
import { recall, remember } from "../stored.js";
import { quoteOf } from "./line.js";
import { writeWaiting } from "./waiting.js";

const TYPING_EVERY_MS = 3_000;
const COUNT_FROM = 400;

export class Composer {
  #form;
  #field;
  #error;
  #count;
  #quote;
  #limit;
  #submit;
  #draftKey;
  #deeds;
  #parent = null;
  #keepsParent = false;
  #typedAt = 0;
  #wait = 0;

  /**
   * @param {HTMLFormElement} form
   * @param {string} key whose draft for which channel this is
   * @param {{send: (content: string, parent: object|null) => void, typing: () => void}} deeds
   */
  constructor(form, key, deeds) {
    this.#form = form;
    this.#field = form.elements.content;
    this.#error = form.querySelector("[data-chat-error]");
    this.#count = form.querySelector("[data-chat-count]");
    this.#quote = form.querySelector("[data-chat-quote]");
    this.#limit = Number(this.#field.dataset.limit);
    this.#submit = form.querySelector("[type=submit]");
    this.#draftKey = `draft.${key}`;
    this.#deeds = deeds;
    this.#field.value ||= recall(this.#draftKey, "", "sessionStorage");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
    this.#field.addEventListener("input", () => this.#typed());
    this.#quote?.querySelector("button").addEventListener("click", () => this.answer(null));
    this.#measure();
  }

  /** What is written next answers this message, null answers nothing.
   * @param {boolean} [stays] also what is written after that, until another answer is given */
  answer(message, stays = false) {
    this.#parent = message;
    this.#keepsParent = stays;
    if (!this.#quote) return;
    this.#quote.hidden = message === null;
    if (message) this.#quote.querySelector("span").textContent = quoteOf(message.user, message.content);
    this.#field.focus();
  }

  /** Write at the caret, over what is selected, as if it had been typed.
   * @param {number} over how many characters before the caret it replaces */
  insert(words, over = 0) {
    const { selectionStart, selectionEnd } = this.#field;
    this.#field.setRangeText(words, selectionStart - over, selectionEnd, "end");
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#field.focus();
  }

  /** A line was refused: say why, and give its words back to be sent again.
   * @returns {boolean} false when something new is being written, which stays */
  giveBack({ content, parent = null }, { message, retryAfter = null }) {
    const isFree = this.#field.value.trim() === "";
    if (isFree) {
      this.#write(content);
      if (parent && parent !== this.#parent) this.answer(parent); // within a conversation it stays as it was
    }
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

  /** The rule that made one wait is another now: nobody waits for what was. */
  free() {
    clearInterval(this.#wait);
    this.#submit.disabled = false;
    this.#say("");
  }

  /** Nothing is written here any more. */
  close() {
    this.#form.hidden = true;
  }

  #countDown(message, until) {
    this.#submit.disabled = true;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (left > 0) return this.#say(message, ` You can write again in ${spell(left)}.`);
      this.free();
    };
    this.#wait = setInterval(tick, 1_000);
    tick();
  }

  #send() {
    const content = this.#field.value.trim();
    if (!content || this.#submit.disabled) return;
    if ([...content].length > this.#limit) return this.refuse(`A message has at most ${this.#limit} characters.`);
    const parent = this.#parent;
    this.#say("");
    this.#write("");
    if (parent && !this.#keepsParent) this.answer(null);
    this.#typedAt = 0;
    this.#deeds.send(content, parent);
  }

  #pressed(event) {
    if (event.defaultPrevented) return; // a completion took it
    if (event.key === "Escape" && this.#parent) return this.answer(null);
    // Enter that confirms a word in an input method does not send it.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #typed() {
    remember(this.#draftKey, this.#field.value, "sessionStorage");
    this.#measure();
    if (!this.#submit.disabled) this.#say("");
    const words = this.#field.value.trim();
    if (!words || words.startsWith("/") || Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
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

/** Seconds as people say them: 42 s, 4 min 20 s, 3 h, 13 days. */
export function spell(seconds) {
  const [minutes, hours, days] = [seconds / 60, seconds / 3600, seconds / 86_400].map(Math.floor);
  if (days > 1) return `${days} days`;
  if (hours) return join([hours, "h"], [minutes % 60, "min"]);
  return join([minutes, "min"], [seconds % 60, "s"]);
}

/** The parts that are not nothing. */
function join(...parts) {
  return parts.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`).join(" ");
}
