/** What can be done with one message: two buttons on the line that is pointed at, and a menu of everything. */
import { messageOf } from "./line.js";

const GAP_PX = 4;

/** Which deeds of the menu fit a message, by who looks at it. */
const FITS = {
  reply: (you, message) => you.writes && !message.isHidden,
  thread: (_, message) => message.thread !== null,
  copy: (_, message) => !message.isHidden,
  profile: (_, message) => !message.isHidden && message.user.id !== "",
  reveal: (you, message) => message.isHidden && you.may("view_moderation"),
  pin: (you, message) => !message.isHidden && !message.isStruck && you.may("pin_message"),
  remove: (you, message) => !message.isDeleted && (isOwn(you, message) || you.may("delete_message")),
  restore: (you, message) => message.isDeleted && isOther(you, message) && you.may("delete_message"),
  purge: (you, message) => isOther(you, message) && you.may("delete_message"),
  warn: (you, message) => isOther(you, message) && you.may("warn"),
  timeOut: (you, message) => isOther(you, message) && you.may("time_out"),
  ban: (you, message) => isOther(you, message) && you.may("ban"),
  report: (you, message) => you.writes && isOther(you, message),
  block: (you, message) => you.writes && isOther(you, message),
};

function isOwn(you, { user }) {
  return you.isSignedIn && user.id === you.id;
}

function isOther(you, { user }) {
  return you.isSignedIn && user.id !== "" && user.id !== you.id;
}

export class MessageMenu {
  #list;
  #log;
  #you;
  #deeds;
  #tools;
  #menu;
  #line = null;
  #byFinger = false;

  /** @param {Record<string, (message: object) => void>} deeds by the names of `[data-deed]` */
  constructor(root, log, you, deeds) {
    this.#list = root.querySelector("[data-chat-log]");
    this.#log = log;
    this.#you = you.watch(() => this.#line && this.#fit());
    this.#deeds = deeds;
    this.#tools = root.querySelector("template[data-chat-tools]").content.firstElementChild.cloneNode(true);
    this.#menu = root.querySelector("[data-chat-menu]");
    this.#list.addEventListener("pointerover", (event) => this.#offer(event.target.closest("[data-message-id]")));
    this.#list.addEventListener("focusin", (event) => this.#offer(event.target.closest("[data-message-id]")));
    // Not every browser tells with a click what it was made with.
    this.#list.addEventListener("pointerdown", ({ pointerType }) => (this.#byFinger = pointerType === "touch"));
    this.#list.addEventListener("click", (event) => this.#clicked(event));
    this.#menu.addEventListener("click", (event) => this.#chosen(event.target.closest("[data-deed]")));
    this.#menu.addEventListener("keydown", (event) => this.#pressed(event));
    this.#menu.addEventListener("toggle", ({ newState }) => newState === "closed" && this.#closed());
  }

  /** Open the menu of a line; Escape leads back to it. */
  open(line) {
    this.#line = line;
    this.#fit();
    if (!this.#items.length) return; // such as for a stranger, on a removed message
    this.#log.hold("menu");
    line.dataset.looked = "";
    this.#menu.showPopover();
    this.#place(line.getBoundingClientRect());
    this.#items[0].focus();
  }

  /** Do one deed of the menu to a line, if it fits. */
  run(deed, line) {
    const message = messageOf(line);
    if (FITS[deed](this.#you, message)) this.#deeds[deed](message, line);
  }

  /** Offer what fits the line; powers may come or go while the menu is open. */
  #fit() {
    const message = messageOf(this.#line);
    for (const button of this.#menu.querySelectorAll("[data-deed]")) {
      button.hidden = !FITS[button.dataset.deed](this.#you, message);
    }
  }

  get #items() {
    return [...this.#menu.querySelectorAll("[data-deed]:not([hidden])")];
  }

  #offer(line) {
    if (!line || this.#tools.parentElement === line) return;
    const reply = this.#tools.querySelector("[data-deed=reply]");
    reply.hidden = !FITS.reply(this.#you, messageOf(line));
    line.append(this.#tools);
  }

  #clicked(event) {
    const line = event.target.closest("[data-message-id]");
    if (!line) return;
    const button = event.target.closest("button");
    if (button?.dataset.deed) this.run(button.dataset.deed, line);
    else if (button?.matches("[data-chat-more]")) this.open(line);
    else if (button?.matches(".reply")) this.#deeds.thread(messageOf(line), line);
    // A finger has nothing to point with: a tap on the line opens what a mouse finds beside it.
    else if (!button && this.#byFinger && !event.target.closest("a")) this.open(line);
  }

  #chosen(button) {
    if (!button) return;
    const [deed, line] = [button.dataset.deed, this.#line];
    this.#menu.hidePopover();
    this.run(deed, line);
  }

  #closed() {
    delete this.#line?.dataset.looked;
    this.#log.release("menu");
    this.#line = null;
  }

  #pressed(event) {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    items.at(to % items.length).focus();
  }

  #place({ top, bottom, right }) {
    const { offsetWidth, offsetHeight } = this.#menu;
    const below = bottom + GAP_PX + offsetHeight <= innerHeight;
    this.#menu.style.setProperty("--left", `${Math.max(GAP_PX, right - offsetWidth - GAP_PX)}px`);
    this.#menu.style.setProperty("--top", `${below ? bottom + GAP_PX : Math.max(GAP_PX, top - offsetHeight - GAP_PX)}px`);
  }
}
