/** The moderators' desk: its pages change beside a chat that stays, and what others do shows by itself. */
import { Room } from "../chat/room.js";
import { Socket } from "../socket.js";
import { notice, say } from "../ui/messages.js";

const TOGETHER_MS = 200; // frames that come together are one look at the server
const BETWEEN_MS = 1_000; // and however many come, there is one look a second
const TICK_MS = 2_000;
const ASK_WHILE_DEAF_MS = 10_000; // without a socket, the server is asked this often
const PATIENCE_MS = 20_000;
const ASK_MS = 60_000; // and with one this often: a frame may be lost
const PARTS = ["desk-panel", "desk-tabs"];
const CONTROLS = "a, button, summary, input, select, textarea";
const TOLD = ["moderation:held", "moderation:answered", "moderation:action", "moderation:report", "moderation:unban-request"];

class Desk {
  #socket;
  #status;
  #timer = 0;
  #asking = 0;
  #askedAt = 0;
  #loading = 0; // pages that somebody wished to see and are on their way
  #isStale = false; // something changed that is not shown yet

  /** @param {HTMLElement} root the `[data-desk]` element */
  constructor(root) {
    const { channelSlug, ticket } = root.dataset;
    this.#status = root.querySelector("[data-desk-status]");
    const chat = root.querySelector("[data-chat]");
    chat.dataset.watch = "0"; // who moderates reads along and is no viewer of the picture
    new Room(chat).socket.open();
    this.#socket = new Socket({ path: `/ws/dashboard/${encodeURIComponent(channelSlug)}`, ticket, signedIn: true });
    for (const type of TOLD) this.#socket.on(type, () => this.#hint());
    let wasOpen = false;
    this.#socket.watch(({ state }) => {
      // Open again, or turned away for good: what happened meanwhile is to be seen.
      if (wasOpen && ["open", "closed"].includes(state)) this.#hint();
      wasOpen ||= state === "open";
    });
    this.#socket.open();
    this.#askedAt = Date.now();
    setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("click", (event) => this.#clicked(event));
    document.addEventListener("submit", (event) => this.#submitted(event));
    window.addEventListener("popstate", () => this.#load(location.href));
  }

  /** Something changed: look soon. */
  #hint() {
    this.#isStale = true;
    if (this.#timer) return;
    const wait = Math.max(TOGETHER_MS, this.#askedAt + BETWEEN_MS - Date.now());
    this.#timer = setTimeout(() => this.#refresh(), wait);
  }

  #tick() {
    const rest = this.#socket.state === "open" ? ASK_MS : ASK_WHILE_DEAF_MS;
    const isDue = (this.#isStale && !isBusy()) || Date.now() - this.#askedAt > rest;
    if (isDue && document.visibilityState === "visible") this.#hint();
  }

  /** Show what there is now. The panel waits while somebody is in the middle of something in it. */
  async #refresh() {
    this.#timer = 0;
    if (this.#loading || document.visibilityState === "hidden") return;
    this.#isStale = false;
    const page = await this.#fetch(location.href).catch(() => null);
    if (!page) return;
    const before = waiting();
    this.#isStale = isBusy();
    // Instead of the desk there may be a refusal, or the way to sign in.
    if (!take(page, this.#isStale ? ["desk-tabs"] : PARTS)) return location.reload();
    if (waiting() > before) this.#status.textContent = `${waiting()} waiting for a decision`;
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
    // Not `form.action`: that may be a field of this name.
    const address = new URL(form.getAttribute("action"), location.href);
    address.search = new URLSearchParams(new FormData(form)).toString();
    this.#go(address.href);
  }

  async #go(address) {
    if (!(await this.#load(address))) return;
    history.pushState(null, "", address);
    document.getElementById("desk-panel").focus({ preventScroll: true });
    const meant = document.getElementById(location.hash.slice(1));
    (meant ?? document.getElementById("desk-tabs")).scrollIntoView({ block: meant ? "center" : "nearest" });
  }

  /** Show the page at `address` in place of this one; false when it has to be left as it is. */
  async #load(address) {
    this.#loading += 1;
    try {
      const page = await this.#fetch(address);
      if (page === null) return false; // a later wish was faster
      if (take(page, PARTS)) return true;
      location.assign(address);
    } catch {
      say(notice("This page could not be reached. Check your connection and try again."));
    } finally {
      this.#loading -= 1;
    }
    return false;
  }

  async #fetch(address) {
    const asking = ++this.#asking;
    this.#askedAt = Date.now();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const answer = await fetch(address, { headers: { Accept: "text/html" }, signal });
    if (answer.status >= 500) throw new Error(`status ${answer.status}`);
    const words = await answer.text();
    return asking === this.#asking ? new DOMParser().parseFromString(words, "text/html") : null;
  }
}

/** Whether somebody is in the middle of something in the panel, which a fresh one would take from them: it has
 * words of theirs, they are at a field, or about to press a button that must not move away. */
function isBusy() {
  const panel = document.getElementById("desk-panel");
  const fields = panel.querySelectorAll("input:not([type=hidden]), textarea");
  const isTyped = [...fields].some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);
  const isAtField = panel.contains(document.activeElement?.closest("input, select, textarea"));
  const isAbove = matchMedia("(hover: hover)").matches && panel.querySelector("form:hover") !== null;
  return isTyped || isAtField || isAbove || panel.querySelector("details[open], [aria-busy]") !== null;
}

/** Put these parts of `page` in place of ours; false when one is missing on either. What is the same stays. */
function take(page, ids) {
  const pairs = ids.map((id) => [document.getElementById(id), page.getElementById(id)]);
  if (!pairs.every(([ours, theirs]) => ours && theirs)) return false;
  for (const [ours, theirs] of pairs) {
    if (withoutTokens(ours) === withoutTokens(theirs)) continue;
    const spot = spotIn(ours);
    ours.replaceWith(document.adoptNode(theirs));
    if (spot) focusAt(spot, theirs);
  }
  return true;
}

/** Where the keyboard is in this part: which control of which item. */
function spotIn(part) {
  if (!part.contains(document.activeElement)) return null;
  const item = document.activeElement.closest("[id]");
  return { id: item.id, index: [...item.querySelectorAll(CONTROLS)].indexOf(document.activeElement) };
}

function focusAt({ id, index }, part) {
  const control = document.getElementById(id)?.querySelectorAll(CONTROLS)[index];
  (control ?? part).focus({ preventScroll: true });
}

/** Each answer masks the token of forms anew; that alone is no change. */
function withoutTokens(part) {
  return part.innerHTML.replace(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
}

/** How many decisions the tabs say are waiting. */
function waiting() {
  return Number(document.querySelector(".desk-count")?.textContent ?? 0);
}

function deskAddress() {
  return document.querySelector("#desk-tabs a").href;
}

const root = document.querySelector("[data-desk]");
if (root) new Desk(root);
