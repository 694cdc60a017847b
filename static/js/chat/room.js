/** The chat of a channel: frames in, lines out, nothing missed and nothing twice. */
import { ServerClock } from "../clock.js";
import { load } from "../load.js";
import { Socket } from "../socket.js";
import { Actions } from "./actions.js";
import { Announcer } from "./announcer.js";
import { Deeds } from "./deeds.js";
import { loadEarlier } from "./earlier.js";
import { walkWithKeys } from "./keys.js";
import { messageOf } from "./line.js";
import { Log } from "./log.js";
import { MessageMenu } from "./menu.js";
import { Modes } from "./modes.js";
import { People } from "./people.js";
import { attachPopOut } from "./popout.js";
import { attachPreferences, offerByPower } from "./preferences.js";
import { Sequence } from "./sequence.js";
import { mentions } from "./text.js";
import { Typing } from "./typing.js";
import { writeWaiting } from "./waiting.js";
import { Writing } from "./writing.js";
import { You } from "./you.js";

const HOLE_MS = 400; // a hole that heals within this needed no help: frames may overtake each other
const MOST_MISSED = 500;
const SHOWN_AFTER_SKIP = 100;

export class Room {
  #root;
  #you;
  #deeds;
  #log;
  #thread = null; // until one is opened
  #modes;
  #people;
  #announcer;
  #sequence;
  #writing;
  #typing;
  #clock = new ServerClock();
  #heardAt; // the timestamp of the last frame, or of the page
  #hole = 0;
  #filling = false;
  #countdown = 0;

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {Deeds} [deeds] what can be done, in another way than by the page's session */
  constructor(root, deeds = new Deeds(root.dataset.channelId)) {
    const { channelSlug, ticket, me, meId, powers, lastSeq, since, watch } = root.dataset;
    this.#root = root;
    this.#heardAt = since ?? null;
    const writes = root.querySelector("[data-chat-form]") !== null;
    this.#you = new You({ id: meId ?? "", username: me ?? "", powers, writes });
    this.#deeds = deeds;
    this.#log = new Log(root, this.#you);
    this.#sequence = new Sequence(lastSeq ? Number(lastSeq) : null);
    this.#typing = new Typing(root.querySelector("[data-chat-typing]"));
    this.#people = new People(this.#you, () => this.#deeds.chatters());
    this.#announcer = new Announcer(root);
    this.socket = new Socket({
      path: `/ws/channels/${encodeURIComponent(channelSlug)}${watch === "0" ? "?watch=0" : ""}`,
      ticket,
      signedIn: Boolean(ticket),
      resume: () => ({ after: this.#sequence.last, since: this.#heardAt }),
    });
    this.#furnish(channelSlug);
    this.#hear();
    this.#adopt();
    loadEarlier(root.querySelector("[data-chat-log]"), this.#deeds, this.#log);
  }

  /** Everything around the log: the field, menus, modes, what keeps one from writing. */
  #furnish(slug) {
    const [root, you, deeds, log] = [this.#root, this.#you, this.#deeds, this.#log];
    this.#writing = new Writing(root, { socket: this.socket, log, you, deeds, people: this.#people, slug });
    const answer = (message, stays) => this.#writing.answer(message, stays);
    this.#awaitAsker();
    const openThread = (message) => this.#openThread(message, answer);
    const actions = new Actions(root, { deeds, log, you, answer, openThread });
    walkWithKeys(root, log, new MessageMenu(root, log, you, actions));
    this.#modes = new Modes(root, you, actions);
    // From the page: what came with the socket would push the lines aside.
    if (root.dataset.settings) this.#modes.show(JSON.parse(root.dataset.settings));
    if (this.#you.writes) this.#awaitStanding();
    attachPopOut(root);
    you.watch(() => offerByPower(root, you));
    attachPreferences(root, { batches: (on) => (this.#announcer.inBatches = on) });
  }

  /** What keeps somebody from writing comes to those whom something keeps. */
  #awaitStanding() {
    let isAsked = false;
    this.#you.watch(async ({ standing }) => {
      if (isAsked || !(standing?.banned || standing?.until || standing?.warning)) return;
      isAsked = true;
      const loaded = await load("chat/standing.js").catch(() => null); // refusals say it, and the room tells it again
      isAsked = loaded !== null;
      if (loaded) new loaded.Standing(this.#root, this.#you, this.#deeds, this.#clock);
    });
  }

  /** The list of who is here comes when it is first wanted. */
  #awaitAsker() {
    this.#root.querySelector("[data-chat-who]").addEventListener("click", () => this.#attend(), { once: true });
  }

  async #attend() {
    try {
      const { Attendance } = await load("chat/attendance.js");
      new Attendance(this.#root, this.#deeds, (username) => this.#writing.call(username)).open();
    } catch ({ message }) {
      this.#log.note(message);
      this.#awaitAsker();
    }
  }

  /** A conversation by itself comes when it is first wanted, too. Rejects with ApiError. */
  async #openThread(message, answer) {
    const { Thread } = await load("chat/thread.js");
    this.#thread ??= new Thread(this.#root, this.#you, this.#deeds, answer);
    return this.#thread.open(message);
  }

  /** Each frame that this room understands, and what it does. */
  #hear() {
    this.socket
      .on("*", (_, { timestamp }) => this.#tick(timestamp))
      .on("chat:history", (history) => this.#resume(history))
      .on("chat:message", (message) => this.#take([message]))
      .on("chat:deleted", (removal) => this.#markDeleted(removal))
      .on("chat:ban", ({ userId }) => this.#strike(userId))
      .on("chat:cleared", (cleared) => this.#cleared(cleared))
      .on("chat:restored", ({ messages }) => this.#restore(messages))
      .on("chat:settings", (settings) => this.#modes.show(settings))
      .on("chat:you", (you) => this.#you.learn(you))
      .on("chat:typing", ({ users }) => this.#somebodyTypes(users))
      .on("chat:user-joined", ({ user }) => this.#passes(user, "is here"))
      .on("chat:user-left", ({ user }) => this.#passes(user, "left"))
      .watch((at) => this.#showState(at));
  }

  #adopt() {
    this.#log.adopt();
    for (const line of this.#root.querySelectorAll("[data-chat-log] [data-seq]")) this.#people.heard(messageOf(line).user);
  }

  #tick(timestamp) {
    this.#clock.learn(timestamp);
    this.#heardAt = timestamp ?? this.#heardAt;
  }

  /** The first frame of each connection, and each answer to `#fill`. */
  #resume({ messages, lastSeq, removed = [], reload = false, struck = null }) {
    const asked = this.#filling;
    this.#filling = false;
    for (const id of removed) this.#markDeleted({ id });
    for (const userId of struck ?? []) this.#strike(userId);
    // Who is back has words that only the server knows.
    const isBack = struck !== null && [...this.#log.struckAmong(SHOWN_AFTER_SKIP)].some((userId) => !struck.includes(userId));
    if (reload || isBack) this.#reload();
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

  /** More was removed meanwhile than can be told: what stands here is drawn anew. */
  async #reload() {
    const upTo = this.#sequence.last;
    const told = await this.#deeds.latest(SHOWN_AFTER_SKIP).catch(() => null);
    this.#log.clear(upTo);
    if (told) this.#log.prepend(told.data.filter(({ seq }) => seq <= upTo));
    else this.#log.note("What was said before could not be loaded.", { label: "Load it", run: () => this.#reload() });
  }

  #take(messages) {
    this.#show(this.#sequence.take(messages));
    if (this.#sequence.hole !== null) this.#watchHole();
  }

  #show(messages) {
    if (!messages.length) return;
    for (const { user } of messages) {
      this.#typing.finished(user.displayName || user.username);
      this.#people.heard(user);
    }
    this.#log.append(messages);
    this.#thread?.take(messages);
    const others = messages.filter(({ user }) => user.id !== this.#you.id && !this.#you.blocks(user.id));
    this.#announcer.heard(others.length, others.filter((message) => this.#concernsMe(message)).length);
  }

  #concernsMe({ content, parent }) {
    return mentions(content, this.#you.username) || (this.#you.isSignedIn && parent?.user?.id === this.#you.id);
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

  #markDeleted({ id }) {
    this.#log.markDeleted(id);
    this.#thread?.markDeleted(id);
  }

  #strike(userId) {
    this.#log.strike(userId);
    this.#thread?.strike(userId);
  }

  #restore(messages) {
    this.#log.restore(messages);
    this.#thread?.restore(messages);
  }

  #cleared({ userId = null, upTo = Infinity }) {
    this.#thread?.cleared(userId, upTo);
    if (userId) return this.#log.eraseOf(userId, upTo);
    this.#log.clear(upTo);
    this.#log.note("The chat was cleared.");
  }

  #somebodyTypes(users) {
    for (const { id, displayName, username } of users) {
      if (!this.#you.blocks(id)) this.#typing.saw(displayName || username);
    }
  }

  #passes({ id, displayName, username }, deed) {
    if (id !== this.#you.id && !this.#you.blocks(id)) this.#typing.pass(`${displayName || username} ${deed}`);
  }

  /** One's session has ended: read on as anybody may. What was being written waits, as a draft, for its writer. */
  #signOut() {
    this.#you.leave();
    this.#writing.close();
    const offer = this.#root.querySelector("[data-chat-signed-out]");
    if (offer) offer.hidden = false;
  }

  /** What the line is like, in words; while waiting, how long still. */
  #showState({ state, signedOut, retryAt, reason }) {
    this.#filling = false;
    if (signedOut && this.#you.isSignedIn) this.#signOut();
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
