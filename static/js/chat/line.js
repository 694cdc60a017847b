/** One message as a line of the log: drawn from its payload, or taken over as the page brought it. */
import { hours } from "../clock.js";
import { nameColor } from "./names.js";
import { renderText } from "./text.js";

export class Lines {
  #template;
  #marks = new Map();
  #you;

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {import("./you.js").You} you */
  constructor(root, you) {
    this.#template = root.querySelector("template[data-chat-message]").content.firstElementChild;
    for (const mark of root.querySelectorAll("template[data-badge]")) this.#marks.set(mark.dataset.badge, mark.content);
    this.#you = you;
  }

  draw(message) {
    const line = this.#template.cloneNode(true);
    const { user } = message;
    this.#identify(line, message);
    const time = line.querySelector("time");
    time.dateTime = message.createdAt;
    time.textContent = hours(message.createdAt);
    const name = line.querySelector(".chat-name");
    name.textContent = user.displayName || user.username;
    name.title = `@${user.username}`;
    if (user.username) name.dataset.card = user.username;
    line.style.setProperty("--name", nameColor(user));
    line.querySelector(".badges")?.replaceChildren(...this.#badges(message));
    if (message.parent) this.#quote(line, message.parent);
    if (message.struck) line.dataset.struck = "";
    if (message.deletedAt) this.erase(line);
    else if (message.struck && !message.content) this.hide(line);
    else this.#fill(line, message.content);
    return line;
  }

  /** The line of a message that came back, in place of `standing`. What is struck is told everybody without its
   * words: a moderator who reads them reads on. */
  redraw(message, standing) {
    const readsOn = message.struck && !message.deletedAt && standing && this.#you.may("view_moderation");
    return this.draw(readsOn ? { ...message, content: messageOf(standing).content } : message);
  }

  /** A line that the server rendered gets what only a script can give: colour, links, the reader's own time. */
  adopt(line) {
    const { user, content, isHidden } = messageOf(line);
    const time = line.querySelector("time");
    line.style.setProperty("--name", nameColor({ ...user, color: line.dataset.color }));
    if (time?.dateTime) time.textContent = hours(time.dateTime);
    if (!isHidden) this.#fill(line, content);
  }

  /** The message is removed. */
  erase(line) {
    line.dataset.deleted = "";
    this.hide(line);
  }

  /** The words go, the place stays. */
  hide(line) {
    line.dataset.hidden = "";
    line.ariaLive = "off"; // a hundred of them, when a person is purged, would be a hundred words to hear
    line.removeAttribute("data-mention");
    line.querySelector(".chat-text").textContent = "Message removed";
  }

  /** The author is kept out: moderators read the words on. What the server drew so, it drew for this reader. */
  strike(line) {
    if ("struck" in line.dataset) return;
    line.dataset.struck = "";
    if (!this.#you.may("view_moderation")) this.hide(line);
  }

  /** What a line answers may not be read any more. */
  unquote(line) {
    line.ariaLive = "off";
    line.querySelector(".reply").textContent = "Reply to a removed message";
  }

  /** A message of `list` is removed: its words go, and where they are quoted. */
  eraseIn(list, line) {
    this.erase(line);
    for (const quote of quotesIn(list, "parent", line.dataset.messageId)) this.unquote(quote);
  }

  /** All that a person said in `list`, up to a number, is removed. */
  eraseOf(list, userId, upTo) {
    for (const line of linesOf(list, userId)) if (Number(line.dataset.seq) <= upTo) this.eraseIn(list, line);
  }

  /** Somebody is kept out: what they said in `list` is for moderators alone, until it comes back. */
  strikeOf(list, userId) {
    for (const line of linesOf(list, userId)) this.strike(line);
    for (const quote of quotesIn(list, "parent-user-id", userId)) this.unquote(quote);
  }

  #identify(line, { id, seq, user, thread = null, kind = "MESSAGE" }) {
    if (seq) line.dataset.seq = seq;
    if (id) line.dataset.messageId = id;
    if (thread) line.dataset.thread = thread;
    line.dataset.userId = user.id ?? "";
    const mark = line.querySelector(`.chat-kind[data-of="${CSS.escape(kind.toLowerCase())}"]`);
    if (mark) {
      line.dataset.kind = mark.dataset.of;
      mark.hidden = false;
    }
    line.hidden = this.#you.blocks(line.dataset.userId);
  }

  /** The template's marks for what this person is here; a kind without a mark stays unmarked. */
  #badges({ badges = [] }) {
    return badges.filter((kind) => this.#marks.has(kind)).map((kind) => this.#marks.get(kind).cloneNode(true));
  }

  #fill(line, content) {
    const { nodes, mentionsMe } = renderText(content, this.#you.username);
    line.querySelector(".chat-text").replaceChildren(...nodes);
    const answersMe = this.#you.isSignedIn && line.dataset.parentUserId === this.#you.id;
    line.toggleAttribute("data-mention", mentionsMe || answersMe);
  }

  /** What is answered stands above, in one short line. */
  #quote(line, { id, user, content }) {
    line.dataset.parent = id;
    line.dataset.parentUserId = user?.id ?? "";
    const box = line.querySelector(".reply");
    if (!box) return;
    box.textContent = this.#you.blocks(user?.id) ? "Reply to somebody you block" : quoteOf(user, content);
    box.hidden = false;
  }
}

function linesOf(list, userId) {
  return list.querySelectorAll(`[data-seq][data-user-id="${CSS.escape(userId)}"]`);
}

function quotesIn(list, what, id) {
  return list.querySelectorAll(`[data-${what}="${CSS.escape(id)}"]`);
}

/** The words of a quotation, the same as in components/chat_message.html. */
export function quoteOf(user, content) {
  return `Reply to ${user?.displayName || user?.username || "Deleted account"}: ${content || "message removed"}`;
}

/** What a line on the page says of its message, whoever drew it. */
export function messageOf(line) {
  const name = line.querySelector(".chat-name");
  const displayName = name?.textContent ?? "";
  const isHidden = "hidden" in line.dataset;
  return {
    id: line.dataset.messageId ?? null,
    seq: Number(line.dataset.seq ?? 0),
    thread: line.dataset.thread ?? null,
    content: isHidden ? "" : line.querySelector(".chat-text")?.textContent ?? "",
    isHidden,
    isDeleted: "deleted" in line.dataset,
    isStruck: "struck" in line.dataset,
    user: { id: line.dataset.userId ?? "", username: name?.title?.slice(1) || displayName, displayName },
  };
}
