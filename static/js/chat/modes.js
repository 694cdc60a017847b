/** What holds for everybody in the room: its modes above the field, and the message that is pinned. */
import { spell } from "./composer.js";
import { renderText } from "./text.js";

/** Each mode in words, "" while it is off. */
const WORDS = {
  shield: ({ shield }) => shield && "Shield mode",
  slow: ({ slow }) => slow && `Slow mode: ${spell(slow)}`,
  followersOnly: ({ followersOnly }) => followersOnly !== null && followersWords(followersOnly),
  membersOnly: ({ membersOnly }) => membersOnly && "Members only",
  emotesOnly: ({ emotesOnly }) => emotesOnly && "Emotes only",
  unique: ({ unique }) => unique && "No repeats",
};

function followersWords(minutes) {
  return minutes ? `Followers only: ${spell(minutes * 60)}` : "Followers only";
}

export class Modes {
  #list;
  #log;
  #pin;
  #you;
  #put = null; // the id of a pin that its reader folded away
  #pinned = null;

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {import("./you.js").You} you
   * @param {{unpin: () => void}} deeds */
  constructor(root, you, deeds) {
    this.#list = root.querySelector("[data-chat-modes]");
    this.#log = root.querySelector("[data-chat-log]");
    this.#pin = root.querySelector("[data-chat-pin]");
    this.#you = you.watch(() => this.#drawPin());
    this.#part("[data-pin-hide]").addEventListener("click", () => this.#fold());
    this.#part("[data-pin-remove]").addEventListener("click", () => deeds.unpin());
  }

  show({ pinned = null, pinnedBy = null, ...modes }) {
    const words = Object.values(WORDS).map((write) => write({ followersOnly: null, ...modes })).filter(Boolean);
    this.#list.replaceChildren(...words.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    this.#pinned = pinned && { ...pinned, by: pinnedBy?.displayName || pinnedBy?.username || "" };
    this.#drawPin();
  }

  #drawPin() {
    const pinned = this.#pinned;
    const isHidden = !pinned || pinned.id === this.#put || this.#you.blocks(pinned.user.id);
    if (isHidden && this.#pin.contains(document.activeElement)) this.#log.focus({ preventScroll: true });
    this.#pin.hidden = isHidden;
    if (isHidden) return;
    this.#part("[data-pin-by]").textContent = pinned.by ? `Pinned by ${pinned.by}` : "Pinned";
    this.#part(".chat-name").textContent = pinned.user.displayName || pinned.user.username;
    this.#part(".chat-text").replaceChildren(...renderText(pinned.content, this.#you.username).nodes);
    this.#part("[data-pin-remove]").hidden = !this.#you.may("pin_message");
  }

  #fold() {
    this.#put = this.#pinned.id;
    this.#drawPin();
  }

  #part(selector) {
    return this.#pin.querySelector(selector);
  }
}
