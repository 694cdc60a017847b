/** The lines of the room on the page: appended in batches, pinned to the newest unless somebody reads up. */
import { nameColor } from "./names.js";
import { renderText } from "./text.js";

const MOST_LINES = 500;
const MOST_LINES_WHILE_READING = 1_500; // lines above the reader must not vanish under their eyes
const PINNED_PX = 48;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export class Log {
  #root;
  #list;
  #template;
  #deleteTemplate;
  #newButton;
  #me;
  #mayDelete;
  #queue = [];
  #frame = 0;
  #pinned = true;
  #unseen = 0;
  #own = new Map(); // nonce → line that waits for its number
  #settled = new Map(); // message id → nonce, from the ack until the message itself arrives

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {(user: {id: string}) => boolean} mayDelete whose lines get a delete button */
  constructor(root, mayDelete) {
    this.#root = root;
    this.#list = root.querySelector("[data-chat-log]");
    this.#template = root.querySelector("template[data-chat-message]");
    this.#deleteTemplate = root.querySelector("template[data-chat-delete]");
    this.#newButton = root.querySelector("[data-chat-new]");
    this.#me = root.dataset.me ?? "";
    this.#mayDelete = mayDelete;
    this.#list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#pinned && this.#toBottom()).observe(this.#list);
    this.#newButton?.addEventListener("click", () => this.scrollToNewest());
    this.#toBottom();
  }

  /** Take lines that the server rendered over, as if they had come by socket. */
  adopt() {
    for (const line of this.#list.querySelectorAll("[data-seq]")) this.#enliven(line);
  }

  /** Show messages after all others. They are drawn together, before the next frame. */
  append(messages) {
    this.#queue.push(...messages);
    // A tab in the background draws nothing: keep what could still be seen when it returns.
    if (this.#queue.length > MOST_LINES) {
      this.#queue = this.#queue.slice(-MOST_LINES);
      this.forgetSettled();
    }
    this.#schedule();
  }

  /** Show a line of one's own at once, before the server has it. */
  appendPending(nonce, content, user) {
    const line = this.#draw({ content, user, createdAt: new Date().toISOString(), badges: [] });
    line.dataset.pending = "";
    this.#own.set(nonce, line);
    this.#list.append(line);
    this.scrollToNewest();
  }

  /** The server numbered a pending line: it gives way when the message itself arrives, in its right place. */
  confirm(nonce, id) {
    if (!this.#own.has(nonce)) return;
    if (this.#find(id)) return this.withdraw(nonce);
    this.#own.get(nonce).removeAttribute("data-pending");
    this.#settled.set(id, nonce);
  }

  /** Take a pending line away; its words go back to the writer. */
  withdraw(nonce) {
    this.#own.get(nonce)?.remove();
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
    line.removeAttribute("data-pending");
    line.dataset.failed = nonce;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button ghost chat-again";
    again.textContent = "Send again";
    line.append(" ", again);
    if (this.#pinned) this.#toBottom();
  }

  /** Show messages before all others, without moving what is being read. */
  prepend(messages) {
    const list = this.#list;
    const fromBottom = list.scrollHeight - list.scrollTop;
    const fragment = document.createDocumentFragment();
    for (const message of messages) fragment.append(this.#draw(message));
    list.insertBefore(fragment, list.querySelector("[data-seq]"));
    list.scrollTop = list.scrollHeight - fromBottom;
  }

  /** The number of the first line, null in an empty room. */
  get oldest() {
    const line = this.#list.querySelector("[data-seq]");
    return line ? Number(line.dataset.seq) : null;
  }

  /** A message was removed: its line stays, without the words. */
  markDeleted({ id, deletedAt }) {
    const waiting = this.#queue.find((message) => message.id === id);
    if (waiting) waiting.deletedAt = deletedAt;
    const line = this.#find(id);
    if (line) this.#erase(line);
  }

  clear() {
    this.#queue = [];
    for (const line of this.#list.querySelectorAll("[data-seq], .event")) line.remove();
  }

  /** A line of the house rather than of a person. */
  note(words) {
    const line = document.createElement("li");
    line.className = "event";
    line.textContent = words;
    this.#flush();
    this.#list.append(line);
    if (this.#pinned) this.#toBottom();
  }

  scrollToNewest() {
    this.#pinned = true;
    this.#flush();
    this.#toBottom();
    this.#countUnseen(0);
  }

  #schedule() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#flush());
  }

  /** One fragment, one scroll: however many messages came, the layout is made once. */
  #flush() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    if (!this.#queue.length) return;
    const batch = this.#queue;
    this.#queue = [];
    const fragment = document.createDocumentFragment();
    for (const message of batch) {
      this.withdraw(this.#settled.get(message.id));
      this.#settled.delete(message.id);
      fragment.append(this.#draw(message));
    }
    this.#list.insertBefore(fragment, this.#firstPending());
    this.#trim();
    if (this.#pinned) this.#toBottom();
    else this.#countUnseen(this.#unseen + batch.length);
  }

  #firstPending() {
    return this.#own.size ? this.#own.values().next().value : null;
  }

  #draw(message) {
    const line = this.#template.content.firstElementChild.cloneNode(true);
    const { user } = message;
    if (message.seq) line.dataset.seq = message.seq;
    if (message.id) line.dataset.messageId = message.id;
    line.dataset.userId = user.id ?? "";
    const time = line.querySelector("time");
    time.dateTime = message.createdAt;
    time.textContent = clock.format(new Date(message.createdAt));
    const name = line.querySelector(".chat-name");
    name.textContent = user.displayName || user.username;
    name.title = `@${user.username}`;
    line.style.setProperty("--name", nameColor(user));
    line.querySelector(".badges")?.replaceChildren(...this.#badges(message));
    if (message.replyTo) this.#drawReply(line, message.replyTo);
    if (message.deletedAt) this.#erase(line);
    else this.#fill(line, message.content);
    if (message.id && this.#mayDelete(user)) this.#addDelete(line);
    return line;
  }

  /** The template's marks for what this person is here; a kind without a mark stays unmarked. */
  #badges({ badges = [] }) {
    return badges
      .map((kind) => this.#root.querySelector(`template[data-badge="${CSS.escape(kind)}"]`))
      .filter((template) => template !== null)
      .map((template) => template.content.cloneNode(true));
  }

  #fill(line, content) {
    const { nodes, mentionsMe } = renderText(content, this.#me);
    line.querySelector(".chat-text").replaceChildren(...nodes);
    line.toggleAttribute("data-mention", mentionsMe);
  }

  #drawReply(line, replyTo) {
    const box = line.querySelector(".reply");
    const answered = typeof replyTo === "string" ? this.#find(replyTo) : null;
    const name = answered?.querySelector(".chat-name").textContent ?? replyTo.user?.displayName;
    if (!box || !name) return;
    box.textContent = `to ${name}`;
    box.hidden = false;
  }

  #erase(line) {
    line.dataset.deleted = "";
    line.removeAttribute("data-mention");
    line.querySelector(".chat-text").textContent = "Message removed";
    line.querySelector(".chat-delete")?.remove();
  }

  #addDelete(line) {
    const button = this.#deleteTemplate?.content.firstElementChild.cloneNode(true);
    if (button && !("deleted" in line.dataset)) line.append(button);
  }

  #enliven(line) {
    const name = line.querySelector(".chat-name");
    const text = line.querySelector(".chat-text");
    const time = line.querySelector("time");
    const user = { id: line.dataset.userId, username: name?.title?.slice(1) || name?.textContent || "" };
    if (!line.style.getPropertyValue("--name")) {
      line.style.setProperty("--name", nameColor({ ...user, color: line.dataset.color }));
    }
    if (time?.dateTime) time.textContent = clock.format(new Date(time.dateTime));
    if (text && !("deleted" in line.dataset)) this.#fill(line, text.textContent);
    if (this.#mayDelete(user)) this.#addDelete(line);
  }

  #find(id) {
    return this.#list.querySelector(`[data-message-id="${CSS.escape(id)}"]`);
  }

  #trim() {
    const most = this.#pinned ? MOST_LINES : MOST_LINES_WHILE_READING;
    const lines = this.#list.querySelectorAll("[data-seq], .event");
    for (let index = 0; index < lines.length - most; index += 1) lines[index].remove();
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
    this.#newButton.hidden = count === 0;
    this.#newButton.textContent = count === 1 ? "1 new message" : `${count} new messages`;
  }
}
