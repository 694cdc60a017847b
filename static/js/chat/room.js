/** The chat of a channel: frames in, lines out, nothing missed and nothing twice. */
import { Socket } from "../socket.js";
import { Composer } from "./composer.js";
import { loadEarlier } from "./earlier.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { Sequence } from "./sequence.js";
import { Typing } from "./typing.js";
import { writeWaiting } from "./waiting.js";

const HOLE_MS = 400; // a hole that heals within this needed no help: frames may overtake each other
const MOST_MISSED = 500;
const SHOWN_AFTER_SKIP = 100;

/** Refusals that mean "not now": the line stays in the outbox, which sends it again. */
const PASSING = new Set(["BUSY", "STORE_UNAVAILABLE", "INTERNAL"]);

export class Room {
  #root;
  #me;
  #log;
  #sequence;
  #outbox;
  #composer = null;
  #failed = new Map(); // nonce → words that were refused and could not be given back
  #delayed = new Set(); // nonces that the server could not take yet
  #typing;
  #hole = 0;
  #filling = false;
  #countdown = 0;

  /** @param {HTMLElement} root the `[data-chat]` element */
  constructor(root) {
    const { channelId, channelSlug, ticket, me, meId, ownerId, lastSeq } = root.dataset;
    this.#root = root;
    this.#me = { id: meId ?? "", username: me ?? "", displayName: me ?? "" };
    const isOwner = meId && meId === ownerId;
    this.#log = new Log(root, (user) => Boolean(meId) && (isOwner || user.id === meId));
    this.#sequence = new Sequence(lastSeq ? Number(lastSeq) : null);
    this.#typing = new Typing(root.querySelector("[data-chat-typing]"));
    this.socket = new Socket({
      path: `/ws/channels/${encodeURIComponent(channelSlug)}`,
      ticket,
      signedIn: Boolean(me),
      resume: () => this.#sequence.last,
    });
    this.#outbox = new Outbox((nonce, content, replyTo) => this.#transmit(nonce, content, replyTo));
    this.#attachForm(channelSlug);
    this.#hear();
    this.#log.adopt();
    loadEarlier(root.querySelector("[data-chat-log]"), channelId, this.#log);
    root.addEventListener("click", (event) => this.#clicked(event));
    setInterval(() => this.#outbox.nudge(), 2_000);
  }

  /** Each frame that this room understands, and what it does. */
  #hear() {
    this.socket
      .on("chat:history", (history) => this.#resume(history))
      .on("chat:message", (message) => this.#take([message]))
      .on("chat:ack", ({ nonce, id }) => this.#acknowledged(nonce, id))
      .on("chat:error", (refusal) => this.#refused(refusal))
      .on("chat:deleted", (removal) => this.#log.markDeleted(removal))
      .on("chat:cleared", () => this.#cleared())
      .on("chat:typing", ({ users }) => this.#somebodyTypes(users))
      .watch((at) => this.#showState(at));
  }

  #attachForm(slug) {
    const form = this.#root.querySelector("[data-chat-form]");
    if (!form) return;
    this.#composer = new Composer(form, slug, {
      send: (content) => this.#post(content),
      typing: () => this.socket.send("chat:typing"),
    });
  }

  #post(content) {
    const nonce = this.#outbox.post(content);
    this.#log.appendPending(nonce, content, this.#me);
  }

  #transmit(nonce, content, replyTo) {
    return this.socket.send("chat:send", { content, nonce, ...(replyTo && { replyTo }) });
  }

  /** The first frame of each connection, and each answer to `#fill`. */
  #resume({ messages, lastSeq }) {
    const asked = this.#filling;
    this.#filling = false;
    const last = this.#sequence.last;
    if (last === null) this.#show(this.#sequence.skipTo(messages.length ? messages[0].seq - 1 : lastSeq));
    else if (lastSeq - last > MOST_MISSED) return this.#skipAhead(lastSeq);
    this.#take(messages);
    if (asked && !messages.length) this.#show(this.#sequence.giveUp());
    if (this.#sequence.last < lastSeq) this.#fill();
  }

  /** Nobody reads hundreds of lines that went by while they were away. */
  #skipAhead(lastSeq) {
    this.#log.note("You were away for a while. Some messages are not shown.");
    this.#log.forgetSettled();
    this.#show(this.#sequence.skipTo(lastSeq - SHOWN_AFTER_SKIP));
    this.#fill();
  }

  #take(messages) {
    this.#show(this.#sequence.take(messages));
    if (this.#sequence.hole !== null) this.#watchHole();
  }

  #show(messages) {
    if (!messages.length) return;
    for (const { user } of messages) this.#typing.finished(user.displayName || user.username);
    this.#log.append(messages);
  }

  /** Ask for what is missing, once it is clear that it will not come by itself. */
  #watchHole() {
    clearTimeout(this.#hole);
    this.#hole = setTimeout(() => this.#sequence.hole !== null && this.#fill(), HOLE_MS);
  }

  #fill() {
    if (this.#filling) return;
    // Without an open line there is nothing to do: the next one begins with what is missing.
    this.#filling = this.socket.send("chat:history", { after: this.#sequence.last });
  }

  #acknowledged(nonce, id) {
    this.#outbox.settle(nonce);
    this.#log.confirm(nonce, id);
    if (this.#delayed.delete(nonce)) this.#composer?.relent();
  }

  #refused({ nonce, code, message, retryAfter }) {
    if (nonce && PASSING.has(code)) {
      this.#delayed.add(nonce);
      return this.#composer?.refuse(message, null);
    }
    const line = nonce ? this.#outbox.settle(nonce) : null;
    if (!line) return this.#composer?.refuse(message, retryAfter);
    const givenBack = this.#composer.giveBack(line.content, { message, retryAfter });
    if (givenBack) return this.#log.withdraw(nonce);
    this.#failed.set(nonce, line.content);
    this.#log.fail(nonce);
  }

  #sendAgain(nonce) {
    const content = this.#failed.get(nonce);
    this.#failed.delete(nonce);
    this.#log.withdraw(nonce);
    this.#post(content);
  }

  #cleared() {
    this.#log.clear();
    this.#log.note("The chat was cleared.");
  }

  #somebodyTypes(users) {
    for (const { displayName, username } of users) this.#typing.saw(displayName || username);
  }

  #clicked(event) {
    const failed = event.target.closest(".chat-again")?.closest("[data-failed]");
    if (failed) return this.#sendAgain(failed.dataset.failed);
    const line = event.target.closest(".chat-delete")?.closest("[data-message-id]");
    if (line) this.socket.send("chat:delete", { id: line.dataset.messageId });
  }

  /** What the line is like, in words; while waiting, how long still. */
  #showState({ state, retryAt, reason }) {
    this.#filling = false;
    if (state === "open") this.#outbox.resend();
    const box = this.#root.querySelector("[data-chat-state]");
    if (!box) return;
    clearInterval(this.#countdown);
    box.dataset.state = { open: "open", connecting: "connecting", waiting: "lost", closed: "offline" }[state];
    const draw = () => {
      writeWaiting(box, stateWords(state, reason), secondsUntil(retryAt));
    };
    if (state === "waiting") this.#countdown = setInterval(draw, 1_000);
    draw();
  }
}

function stateWords(state, reason) {
  if (state === "open") return "Connected";
  if (state === "connecting") return "Connecting";
  if (state === "closed") return reason ?? "Disconnected";
  return "Connection lost. Trying again";
}

function secondsUntil(retryAt) {
  const left = retryAt === null ? 0 : Math.ceil((retryAt - Date.now()) / 1000);
  return left > 1 ? ` in ${left} s` : "";
}
