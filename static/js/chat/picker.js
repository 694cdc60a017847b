/** The drawer of emoji beside the field: recent ones first, then by groups, or what a search finds. */
import { recall, remember } from "../stored.js";

const RECENT = 16;

export class Picker {
  #panel;
  #emoji;
  #insert;

  /** @param {HTMLElement} panel a popover with a search field and an empty `[data-emoji-groups]`
   * @param {typeof import("./emoji.js")} emoji
   * @param {(sign: string) => void} insert */
  constructor(panel, emoji, insert) {
    this.#panel = panel;
    this.#emoji = emoji;
    this.#insert = insert;
    const search = panel.querySelector("input");
    panel.addEventListener("beforetoggle", ({ newState }) => newState === "open" && this.#begin());
    search.addEventListener("input", () => this.#draw(search.value.trim()));
    search.addEventListener("keydown", (event) => this.#searched(event));
    panel.addEventListener("click", ({ target }) => this.#choose(target.closest("[data-sign]")));
    panel.addEventListener("keydown", (event) => this.#walk(event));
    this.#draw(search.value.trim()); // this script may come later than the first letters
  }

  #begin() {
    this.#panel.querySelector("input").value = "";
    this.#draw("");
  }

  #draw(typed) {
    const recent = recall("emoji", []).map((sign) => ({ sign, words: "" }));
    const groups = typed
      ? [{ name: "Found", emoji: this.#emoji.findEmoji(typed) }]
      : [{ name: "Recent", emoji: recent }, ...this.#emoji.GROUPS];
    const drawn = groups.filter(({ emoji }) => emoji.length).flatMap(drawGroup);
    this.#panel.querySelector("[data-emoji-groups]").replaceChildren(...(drawn.length ? drawn : ["Nothing found."]));
  }

  /** Enter takes the first one that was found. */
  #searched(event) {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    this.#choose(this.#panel.querySelector("[data-sign]"));
  }

  #choose(button) {
    if (!button) return;
    const { sign } = button.dataset;
    remember("emoji", [sign, ...recall("emoji", []).filter((other) => other !== sign)].slice(0, RECENT));
    this.#panel.hidePopover();
    this.#insert(sign);
  }

  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = document.activeElement;
    if (!step || !at.dataset.sign) return;
    event.preventDefault();
    const all = [...this.#panel.querySelectorAll("[data-sign]")];
    all.at((all.indexOf(at) + step) % all.length).focus();
  }
}

function drawGroup({ name, emoji }) {
  const head = Object.assign(document.createElement("h3"), { textContent: name });
  const box = document.createElement("div");
  box.append(...emoji.map(drawOne));
  return [head, box];
}

function drawOne({ sign, words }, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.sign = sign;
  button.textContent = sign;
  if (words) button.title = words;
  // One stop for Tab in each group; arrows lead to the rest.
  button.tabIndex = index ? -1 : 0;
  return button;
}
