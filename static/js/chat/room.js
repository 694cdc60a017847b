/** The chat of a channel: frames in, lines out, nothing missed and nothing twice. */
import { request } from "../api.js";
import { Socket } from "../socket.js";
import { Composer } from "./composer.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { Sequence } from "./sequence.js";
import { Typing } from "./typing.js";

const HOLE_MS = 400; // a hole that heals within this needed no help: frames may overtake each other
const PAGE = 100;

/** Refusals that mean "not now": the line stays ours and is sent again by itself. */
const PASSING = new Set(["BUSY", "UNAVAILABLE"]);

export class Room {
  #root;
  #me;
  #log;
  #sequence;
  #outbox;
  #composer = null;
  #typing;
  #hole = 0;
  #filling = false;
  #countdown = 0;

  /** @param {HTMLElement} root the `[data-chat]` element */
  constructor(root) {
    const { channelSlug, ticket, me, meId, ownerId, lastSeq } = root.dataset;
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
    root.addEventListener("click", (event) => this.#clicked(event));
    setInterval(() => this.#outbox.nudge(), 2_000);
  }

  open() {
    this.socket.open();
  }

  /** Each frame that this room understands, and what it does. */
  #hear() {
    this.socket
      .on("chat:history", (history) => this.#resume(history))
      .on("chat:message", (message) => this.#take([message]))
      .on("chat:ack", ({ nonce, id }) => this.#acknowledged(nonce, id))
      .on("chat:error", (refusal) => this.#refused(refusal))
      .on("chat:deleted", ({ id, messageId }) => this.#log.markDeleted(id ?? messageId))
      .on("chat:cleared", () => this.#cleared())
      .on("chat:typing", (payload) => this.#somebodyTypes(payload))
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

  #resume({ messages, lastSeq, truncated }) {
    const last = this.#sequence.last;
    const first = messages[0]?.seq ?? lastSeq + 1;
    if (last === null || (truncated && first > last + 1)) {
      // Too much was missed to show all of it: begin with what the server still gives.
      if (last !== null) this.#log.note("Some older messages are not shown.");
      this.#show(this.#sequence.skipTo(first - 1));
    }
    this.#take(messages);
    if (this.#sequence.last === null || this.#sequence.last < lastSeq) this.#watchHole(lastSeq);
    this.#outbox.resend();
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
  #watchHole(upTo = null) {
    if (this.#hole || this.#filling) return;
    this.#hole = setTimeout(() => {
      this.#hole = 0;
      const missing = this.#sequence.hole !== null || (upTo !== null && (this.#sequence.last ?? 0) < upTo);
      if (missing) this.#fill();
    }, HOLE_MS);
  }

  async #fill() {
    this.#filling = true;
    const { channelId } = this.#root.dataset;
    const after = this.#sequence.last ?? 0;
    try {
      const path = `/api/channels/${encodeURIComponent(channelId)}/messages?after=${after}&limit=${PAGE}`;
      const { data, hasMore } = await request(path);
      this.#filling = false;
      if (!data.length) return this.#show(this.#sequence.giveUp());
      this.#take(data);
      if (hasMore) this.#fill();
    } catch {
      this.#filling = false;
      this.socket.reconnect(); // the socket's own backoff decides when to ask again
    }
  }

  #acknowledged(nonce, id) {
    this.#outbox.settle(nonce);
    this.#log.confirm(nonce, id);
  }

  #refused({ nonce, code, message, retryAfter }) {
    if (nonce && PASSING.has(code)) return this.#composer?.refuse(message, null);
    const line = nonce ? this.#outbox.settle(nonce) : null;
    if (!line) return this.#composer?.refuse(message, retryAfter);
    this.#log.withdraw(nonce);
    this.#composer?.giveBack(line.content, { message, retryAfter });
  }

  #cleared() {
    this.#log.clear();
    this.#log.note("The chat was cleared.");
  }

  #somebodyTypes({ user, users }) {
    for (const somebody of users ?? [user]) {
      if (somebody && somebody.id !== this.#me.id) this.#typing.saw(somebody.displayName || somebody.username);
    }
  }

  #clicked(event) {
    const line = event.target.closest(".chat-delete")?.closest("[data-message-id]");
    if (line) this.socket.send("chat:delete", { messageId: line.dataset.messageId });
  }

  /** What the line is like, in words; while waiting, how long still. */
  #showState({ state, retryAt, reason }) {
    const box = this.#root.querySelector("[data-chat-state]");
    if (!box) return;
    clearInterval(this.#countdown);
    box.dataset.state = { open: "open", connecting: "connecting", waiting: "lost", closed: "offline" }[state];
    const draw = () => {
      box.textContent = stateWords(state, retryAt, reason);
    };
    if (state === "waiting") this.#countdown = setInterval(draw, 1_000);
    draw();
  }
}

function stateWords(state, retryAt, reason) {
  if (state === "open") return "Connected";
  if (state === "connecting") return "Connecting";
  if (state === "closed") return reason ?? "Disconnected";
  const left = Math.ceil((retryAt - Date.now()) / 1000);
  return left > 1 ? `Connection lost. Trying again in ${left} s` : "Connection lost. Trying again";
}
