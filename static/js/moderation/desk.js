/** The moderators' desk: its pages change beside a chat that stays, and what others do shows by itself. */
import { Room } from "../chat/room.js";
import { Socket } from "../socket.js";
import { notice, say } from "../ui/messages.js";

const TOGETHER_MS = 200; // frames that come together are one look at the server
const ASK_WHILE_DEAF_MS = 10_000; // without a socket, the server is asked this often
const PARTS = ["desk-panel", "desk-tabs"];
const TOLD = ["moderation:held", "moderation:answered", "moderation:action", "moderation:report", "moderation:unban-request"];

class Desk {
  #room;
  #socket;
  #timer = 0;
  #asking = 0;

  /** @param {HTMLElement} root the `[data-desk]` element */
  constructor(root) {
    const { channelSlug, ticket } = root.dataset;
    this.#room = new Room(root.querySelector("[data-chat]"));
    // Who moderates reads along and is no viewer of the picture.
    this.#room.socket.watch(({ state }) => state === "open" && this.#room.socket.send("stream:leave"));
    this.#room.socket.open();
    this.#socket = new Socket({ path: `/ws/dashboard/${encodeURIComponent(channelSlug)}`, ticket, signedIn: true });
    for (const type of TOLD) this.#socket.on(type, () => this.#hint());
    let lost = false;
    this.#socket.watch(({ state }) => {
      if (state === "open" && lost) this.#hint();
      lost = state === "waiting" || (lost && state !== "open");
    });
    this.#socket.open();
    setInterval(() => this.#socket.state !== "open" && this.#hint(), ASK_WHILE_DEAF_MS);
    document.addEventListener("click", (event) => this.#clicked(event));
    document.addEventListener("submit", (event) => this.#submitted(event));
    window.addEventListener("popstate", () => this.#load(location.href));
  }

  /** Something changed: look soon, unless that would take away what somebody is typing. */
  #hint() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), TOGETHER_MS);
  }

  async #refresh() {
    if (document.visibilityState === "hidden") return this.#whenSeen();
    const parts = isBusy() ? ["desk-tabs"] : PARTS;
    const page = await this.#fetch(location.href).catch(() => null);
    if (page) take(page, isBusy() ? ["desk-tabs"] : parts);
  }

  #whenSeen() {
    document.addEventListener("visibilitychange", () => this.#hint(), { once: true });
  }

  #clicked(event) {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target.closest("a[data-desk-link]");
    const name = event.target.closest("[data-chat-log] .chat-name");
    const person = name?.closest("[data-user-id]")?.dataset.userId;
    if (!link && !person) return;
    event.preventDefault();
    this.#go(link ? link.href : `${deskAddress()}/people/${person}`);
  }

  #submitted(event) {
    const form = event.target.closest("form[data-desk-form]");
    if (!form) return;
    event.preventDefault();
    const address = new URL(form.action);
    address.search = new URLSearchParams(new FormData(form)).toString();
    this.#go(address.href);
  }

  async #go(address) {
    if (!(await this.#load(address))) return;
    history.pushState(null, "", address);
    document.getElementById("desk-panel").focus({ preventScroll: true });
    document.getElementById("desk-tabs").scrollIntoView({ block: "nearest" });
  }

  /** Show the page at `address` in place of this one; false when it has to be left as it is. */
  async #load(address) {
    try {
      const page = await this.#fetch(address);
      if (page === null) return false; // a later wish was faster
      if (take(page, PARTS)) return true;
      location.assign(address);
    } catch {
      say(notice("This page could not be reached. Check your connection and try again."));
    }
    return false;
  }

  async #fetch(address) {
    const asking = ++this.#asking;
    const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" } });
    const words = await answer.text();
    return asking === this.#asking ? new DOMParser().parseFromString(words, "text/html") : null;
  }
}

/** Whether somebody is in the middle of something in the panel: a field with words of theirs, an open dialog. */
function isBusy() {
  const panel = document.getElementById("desk-panel");
  const fields = [...panel.querySelectorAll("input:not([type=hidden]), textarea")];
  const isTyped = fields.some((field) => (field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue));
  const isChosen = [...panel.querySelectorAll("option")].some((option) => option.selected !== option.defaultSelected && option.index > 0);
  return isTyped || isChosen || panel.contains(document.activeElement?.closest("form")) || panel.querySelector(":popover-open, [aria-busy]") !== null;
}

function take(page, ids) {
  const pairs = ids.map((id) => [document.getElementById(id), page.getElementById(id)]);
  if (!pairs.every(([ours, theirs]) => ours && theirs)) return false;
  for (const [ours, theirs] of pairs) {
    if (ours.innerHTML !== theirs.innerHTML || ours.id === "desk-panel") ours.replaceWith(document.adoptNode(theirs));
  }
  return true;
}

function deskAddress() {
  return document.querySelector("#desk-tabs a").href;
}

const root = document.querySelector("[data-desk]");
if (root) new Desk(root);
