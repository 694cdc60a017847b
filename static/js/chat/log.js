/** The lines of the room on the page: appended in batches, pinned to the newest unless somebody reads up. */
import { Lines } from "./line.js";

const MOST_LINES = 500;
const MOST_LINES_WHILE_READING = 1_500; // lines above the reader must not vanish under their eyes
const PINNED_PX = 48;

export class Log {
  #list;
  #lines;
  #you;
  #newButton;
  #queue = [];
  #frame = 0;
  #pinned = true;
  #holds = new Set(); // why nothing moves: somebody looks at one line
  #unseen = 0;
  #from = Infinity; // the lowest number that the page reaches back to without a gap
  #own = new Map(); // nonce → line that waits for its number
  #settled = new Map(); // message id → nonce, from the ack until the message itself arrives

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {import("./you.js").You} you */
  constructor(root, you) {
    this.#list = root.querySelector("[data-chat-log]");
    this.#lines = new Lines(root, you);
    this.#you = you.watch(() => this.#hideBlocked());
    this.#newButton = root.querySelector("[data-chat-new]");
    this.#list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // It tells of the present size, too, once that is known: to ask for it here would lay the page out twice.
    new ResizeObserver(() => this.#follows && this.#toBottom()).observe(this.#list);
    this.#newButton?.addEventListener("click", () => this.scrollToNewest());
  }

  /** Take lines that the server rendered over, as if they had come by socket. */
  adopt() {
    for (const line of this.#list.querySelectorAll("[data-seq]")) this.#lines.adopt(untold(line));
    this.#from = this.oldest ?? Infinity;
  }

  /** Show messages after all others. They are drawn together, before the next frame. */
  append(messages) {
    this.#queue.push(...messages);
    // A tab in the background draws nothing: keep what could still be seen when it returns.
    if (this.#queue.length > MOST_LINES) {
      this.#queue = this.#queue.slice(-MOST_LINES);
      this.forgetSettled();
    }
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#flush());
  }

  /** Show a line of one's own at once, before the server has it. */
  appendPending(nonce, content, user, parent = null) {
    const line = untold(this.#lines.draw({ content, user, parent, createdAt: new Date().toISOString() }));
    line.dataset.pending = "";
    this.#own.set(nonce, line);
    this.#list.append(line);
    this.scrollToNewest();
  }

  /** The server numbered a pending line: it gives way when the message itself arrives, in its right place. */
  confirm(nonce, id) {
    if (!this.#own.has(nonce)) return;
    if (this.find(id)) return this.withdraw(nonce);
    this.#own.get(nonce).removeAttribute("data-pending");
    this.#settled.set(id, nonce);
  }

  /** Take a pending line away; its words go back to the writer. */
  withdraw(nonce) {
    if (this.#own.has(nonce)) this.#remove(this.#own.get(nonce));
    this.#own.delete(nonce);
  }

  /** Messages are left out: lines of one's own that wait for theirs would wait for ever. */
  forgetSettled() {
    for (const nonce of this.#settled.values()) this.withdraw(nonce);
    this.#settled.clear();
  }

  /** A pending line was refused while its writer is already writing another: it stays, with a way to go on. */
  fail(nonce) {
    const line = this.#own.get(nonce);
    if (!line) return;
    line.ariaLive = null;
    line.removeAttribute("data-pending");
    line.dataset.failed = nonce;
    line.append(" ", actionButton("Send again", "chat-again"));
    if (this.#follows) this.#toBottom();
  }

  /** A pending line waits for a moderator: it stays in sight of its writer, and says so. */
  markHeld(nonce, words) {
    const line = this.#own.get(nonce);
    if (!line) return;
    line.ariaLive = null;
    line.dataset.held = "";
    line.append(Object.assign(document.createElement("small"), { textContent: words }));
  }

  /** Show messages before all others, without moving what is being read. */
  prepend(messages) {
    const list = this.#list;
    const fromBottom = list.scrollHeight - list.scrollTop;
    const fragment = document.createDocumentFragment();
    for (const message of messages) fragment.append(untold(this.#lines.draw(message)));
    this.#from = Math.min(this.#from, messages[0]?.seq ?? Infinity);
    list.insertBefore(fragment, list.querySelector("[data-seq]") ?? this.#firstPending());
    list.scrollTop = list.scrollHeight - fromBottom;
  }

  /** The number of the first line, null in an empty room. */
  get oldest() {
    const line = this.#list.querySelector("[data-seq]");
    return line ? Number(line.dataset.seq) : null;
  }

  /** The line of a message, null when it is not on the page. */
  find(id) {
    return this.#list.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  }

  /** A message was removed: its line stays, without the words. */
  markDeleted(id) {
    this.#flush();
    const line = this.find(id);
    if (line) this.#lines.eraseIn(this.#list, line);
  }

  /** Somebody is kept out: what they said is for moderators alone, until it comes back. */
  strike(userId) {
    this.#flush();
    this.#lines.strikeOf(this.#list, userId);
  }

  /** Whose lines are struck among the newest ones. */
  struckAmong(count) {
    this.#flush();
    const newest = [...this.#list.querySelectorAll("[data-seq]")].slice(-count);
    return new Set(newest.filter(({ dataset }) => "struck" in dataset).map(({ dataset }) => dataset.userId));
  }

  /** All that a person said up to a number loses its words. */
  eraseOf(userId, upTo) {
    this.#flush();
    this.#lines.eraseOf(this.#list, userId, upTo);
  }

  /** Messages came back: each takes its place again. */
  restore(messages) {
    this.#flush();
    for (const message of messages) this.#putBack(message);
    if (this.#follows) this.#toBottom();
  }

  /** Take away the lines up to a number, or all of them. */
  clear(upTo = Infinity) {
    this.#flush();
    for (const line of this.#list.querySelectorAll("[data-seq], .event")) {
      if (Number(line.dataset.seq ?? 0) <= upTo) this.#remove(line);
    }
  }

  /** A line of the house rather than of a person; `action` is what can be done about it.
   * @param {{label: string, run: () => void}|null} action */
  note(words, action = null) {
    const line = document.createElement("li");
    line.className = "event";
    line.textContent = words;
    if (action) {
      const button = actionButton(action.label);
      button.addEventListener("click", () => (this.#remove(button), action.run()));
      line.append(" ", button);
    }
    this.#flush();
    this.#list.append(line);
    if (this.#follows) this.#toBottom();
  }

  /** Keep still for a reason, such as an open menu. */
  hold(reason) {
    this.#holds.add(reason);
  }

  /** The reason is gone: without another one go on as before. */
  release(reason) {
    if (this.#holds.delete(reason) && this.#follows) this.scrollToNewest();
  }

  scrollToNewest() {
    this.#pinned = true;
    this.#holds.clear();
    this.#flush();
    this.#toBottom();
    this.#countUnseen(0);
  }

  get #follows() {
    return this.#pinned && this.#holds.size === 0;
  }

  /** One fragment, one scroll: however many messages came, the layout is made once. */
  #flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#queue.length) return;
    const batch = this.#queue;
    this.#queue = [];
    this.#from = Math.min(this.#from, batch[0].seq);
    const fragment = document.createDocumentFragment();
    for (const message of batch) {
      this.withdraw(this.#settled.get(message.id) ?? this.#heldLike(message));
      this.#settled.delete(message.id);
      fragment.append(this.#lines.draw(message));
    }
    const shown = [...fragment.children].filter((line) => !line.hidden).length;
    this.#list.insertBefore(fragment, this.#firstPending());
    this.#trim();
    if (this.#follows) this.#toBottom();
    else this.#countUnseen(this.#unseen + shown);
  }

  #firstPending() {
    return this.#own.size ? this.#own.values().next().value : null;
  }

  /** The nonce of one's own held line that this message is, once a moderator let it pass. */
  #heldLike({ user, content }) {
    if (user.id !== this.#you.id || !this.#you.isSignedIn) return undefined;
    for (const [nonce, line] of this.#own) {
      if ("held" in line.dataset && line.querySelector(".chat-text").textContent === content) return nonce;
    }
    return undefined;
  }

  #putBack(message) {
    const standing = this.find(message.id);
    const line = untold(this.#lines.redraw(message, standing));
    if (standing) {
      standing.before(line);
      return this.#remove(standing);
    }
    if (message.seq < this.#from) return; // it comes in its place, once somebody reads up to there
    const later = [...this.#list.querySelectorAll("[data-seq]")].find(({ dataset }) => dataset.seq > message.seq);
    this.#list.insertBefore(line, later ?? this.#firstPending());
  }

  /** Take something away. Who was at it goes on in the log. */
  #remove(element) {
    this.#keepFocusFrom(element);
    element.remove();
  }

  #keepFocusFrom(element) {
    if (element.contains(document.activeElement)) this.#list.focus({ preventScroll: true });
  }

  #hideBlocked() {
    for (const line of this.#list.querySelectorAll("[data-seq]")) line.hidden = this.#you.blocks(line.dataset.userId);
    if (this.#follows) this.#toBottom();
  }

  #trim() {
    const most = this.#follows ? MOST_LINES : MOST_LINES_WHILE_READING;
    const lines = this.#list.querySelectorAll("[data-seq], .event");
    if (lines.length <= most) return;
    for (let index = 0; index < lines.length - most; index += 1) this.#remove(lines[index]);
    this.#from = this.oldest;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    this.#pinned = scrollHeight - scrollTop - clientHeight < PINNED_PX;
    if (this.#pinned) this.#countUnseen(0);
  }

  #toBottom() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #countUnseen(count) {
    this.#unseen = count;
    if (!this.#newButton) return;
    if (count === 0) this.#keepFocusFrom(this.#newButton);
    this.#newButton.hidden = count === 0;
    this.#newButton.textContent = count === 1 ? "1 new message" : `${count} new messages`;
  }
}

/** A line that is no news: it is there to be read, and not read out. */
function untold(line) {
  line.ariaLive = "off";
  return line;
}

function actionButton(words, className = "") {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `button ghost ${className}`.trim();
  button.textContent = words;
  return button;
}
