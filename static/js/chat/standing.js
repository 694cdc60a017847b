/** What keeps somebody from writing here, in place of the field: a warning to acknowledge, a time-out, a ban. */
import { spell } from "./composer.js";
import { writeWaiting } from "./waiting.js";

const PLEAS = {
  open: "You asked to be unbanned. The moderators have not answered yet.",
  granted: "Your request was granted.",
  denied: "You asked to be unbanned, and the moderators said no.",
};

export class Standing {
  #box;
  #form;
  #deeds;
  #clock;
  #timer = 0;
  #shown = null;

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {import("./you.js").You} you
   * @param {import("./deeds.js").Deeds} deeds
   * @param {{now: () => number}} clock the server's */
  constructor(root, you, deeds, clock) {
    this.#box = root.querySelector("[data-chat-standing]");
    this.#form = root.querySelector("[data-chat-form]");
    this.#deeds = deeds;
    this.#clock = clock;
    you.watch(({ standing }) => this.#show(standing));
    this.#part("[data-acknowledge]").addEventListener("click", () => this.#acknowledge());
    this.#part("[data-unban]").addEventListener("submit", (event) => this.#ask(event));
    this.#show(you.standing);
  }

  #show(standing) {
    clearInterval(this.#timer);
    this.#shown = standing;
    const kind = kindOf(standing, this.#clock.now());
    const [hadFocus, wasHere] = [this.#form, this.#box].map((part) => part.contains(document.activeElement));
    this.#form.hidden = kind !== null;
    this.#box.hidden = kind === null;
    if (kind === null) {
      if (wasHere) this.#form.elements.content.focus();
      return;
    }
    this.#box.dataset.kind = kind;
    this.#describe(kind, standing);
    // Who was typing goes on here; nobody else is torn from what they look at.
    if (hadFocus) this.#box.focus();
  }

  #describe(kind, { reason, warning, unbanRequest }) {
    const plea = unbanRequest?.toLowerCase() ?? null;
    this.#write("[data-standing-reason]", kind === "warning" ? warning.text : reason);
    this.#write("[data-standing-plea]", (kind === "ban" && PLEAS[plea]) || "");
    this.#write("[data-standing-error]", "");
    this.#part("[data-acknowledge]").hidden = kind !== "warning";
    this.#part("[data-unban]").hidden = kind !== "ban" || plea !== null;
    const words = { ban: "You are banned from this chat.", warning: "A moderator warned you." }[kind];
    if (words) return writeWaiting(this.#part("[data-standing-words]"), words);
    this.#countDown();
    this.#timer = setInterval(() => this.#countDown(), 1_000);
  }

  #countDown() {
    const left = Math.ceil((Date.parse(this.#shown.until) - this.#clock.now()) / 1000);
    if (left <= 0) return this.#show({ ...this.#shown, until: null });
    writeWaiting(this.#part("[data-standing-words]"), "You are timed out.", ` You can write again in ${spell(left)}.`);
  }

  async #acknowledge() {
    await this.#try(this.#deeds.acknowledge(this.#shown.warning.id), { ...this.#shown, warning: null });
  }

  async #ask(event) {
    event.preventDefault();
    const { text } = event.target.elements;
    await this.#try(this.#deeds.askToBeUnbanned(text.value), { ...this.#shown, unbanRequest: "open" });
  }

  /** The room tells the new standing, too; who did it need not wait for that. */
  async #try(deed, standing) {
    try {
      await deed;
      this.#show(standing);
    } catch ({ message }) {
      this.#write("[data-standing-error]", message);
    }
  }

  #part(selector) {
    return this.#box.querySelector(selector);
  }

  #write(selector, words) {
    const part = this.#part(selector);
    part.textContent = words;
    part.hidden = !words;
  }
}

/** The heaviest that stands now, null when nothing does. */
function kindOf(standing, now) {
  if (!standing) return null;
  if (standing.banned) return "ban";
  if (standing.until && Date.parse(standing.until) > now) return "timeout";
  return standing.warning ? "warning" : null;
}
