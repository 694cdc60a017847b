/** The player's keys: what each does, when it may, and the choice to have no letters among them (WCAG 2.1.4). */
import { recall, remember } from "../stored.js";

const KEYS = {
  " ": "play",
  k: "play",
  m: "mute",
  f: "fullscreen",
  t: "theatre",
  p: "pip",
  i: "stats",
  q: "quality",
  j: "farBack",
  l: "farForward",
  "?": "keys",
  ArrowLeft: "back",
  ArrowRight: "forward",
  Home: "oldest",
  End: "live",
  ArrowUp: "louder",
  ArrowDown: "quieter",
};

const MOVES = /^(Arrow|Home$|End$)/; // keys that move a page, too
const OPEN = ":popover-open, dialog[open]";

export class Keys {
  #root;
  #act;

  /** @param {HTMLElement} root the player @param {(action: string) => void} act */
  constructor(root, act) {
    this.#root = root;
    this.#act = act;
    document.addEventListener("keydown", (event) => this.#pressed(event));
    const choice = root.querySelector("[data-single-keys]");
    if (!choice) return;
    choice.checked = hasSingleKeys();
    choice.addEventListener("change", () => remember("single-keys", choice.checked));
  }

  /** The dialog that tells all of this, opened or closed. */
  toggleHelp() {
    this.#root.querySelector("[data-keys]")?.togglePopover();
  }

  #pressed(event) {
    const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (!this.#mayTake(event)) return;
    event.preventDefault();
    if (event.repeat && !MOVES.test(event.key)) return; // held down, it is pressed once
    this.#act(action);
  }

  /** Typing stays typing, a focused button or link keeps its space bar, a slider its arrows, and what moves a page
   * moves the page unless the player has the focus. What lies open over the page has the keys until it is closed.
   * A player that is not what its page is for has no keys outside of itself. */
  #mayTake({ target, key }) {
    const element = target instanceof Element ? target : document.body;
    const isOurs = this.#root.contains(element) || document.fullscreenElement === this.#root;
    if (!isOurs && !document.body.matches(".watching, .embed")) return false;
    if (document.querySelector(OPEN)) return false;
    if (key.length === 1 && key !== " " && !hasSingleKeys()) return false;
    if (element.closest("input:not([type=range]), textarea, select, [contenteditable]")) return false;
    if (element.matches("[type=range]") && MOVES.test(key)) return false;
    if (key === " " && (element.closest("button, a, summary, [role=button]") || !(isOurs || hasSingleKeys()))) return false;
    return isOurs || !MOVES.test(key);
  }
}

function hasSingleKeys() {
  return recall("single-keys", true);
}
