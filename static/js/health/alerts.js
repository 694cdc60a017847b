/** The list of what is wrong, kept in step with reports; what is new or over is said once. */
import { hours } from "../clock.js";

export class Alerts {
  #list;
  #template;
  #news;
  #shown = new Map();

  /** @param {HTMLElement} root holds `[data-alerts]`, `template[data-alert]` and `[data-alert-news]` */
  constructor(root) {
    this.#list = root.querySelector("[data-alerts]");
    this.#template = root.querySelector("template[data-alert]");
    this.#news = root.querySelector("[data-alert-news]");
  }

  /** Show exactly these, in this order. */
  show(alerts) {
    const codes = new Set(alerts.map(({ code }) => code));
    const over = [...this.#shown.keys()].filter((code) => !codes.has(code));
    const fresh = alerts.filter(({ code }) => !this.#shown.has(code));
    const ended = over.map((code) => `Over: ${this.#shown.get(code).title.textContent}.`);
    for (const code of over) this.#remove(code);
    alerts.forEach((alert, place) => this.#place(alert, place));
    this.#say([...fresh.map(({ title, cure }) => `${title}. ${cure}`), ...ended]);
  }

  #place(alert, place) {
    if (!this.#shown.has(alert.code)) this.#shown.set(alert.code, makeLine(this.#template));
    const { element, title, cure, since } = this.#shown.get(alert.code);
    element.dataset.code = alert.code;
    element.dataset.severity = alert.severity;
    write(title, alert.title);
    write(cure, alert.cure);
    since.dateTime = alert.since;
    write(since, `since ${hours(alert.since)}`);
    if (this.#list.children[place] !== element) this.#list.insertBefore(element, this.#list.children[place] ?? null);
  }

  #remove(code) {
    this.#shown.get(code).element.remove();
    this.#shown.delete(code);
  }

  #say(sentences) {
    if (sentences.length) this.#news.textContent = sentences.join(" ");
  }
}

/** One line from the page's own template. */
export function makeLine(template) {
  const element = template.content.firstElementChild.cloneNode(true);
  const [title, cure, since] = ["title", "cure", "since"].map((part) => element.querySelector(`[data-alert-${part}]`));
  return { element, title, cure, since };
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
