/** From the field to the room: what is written is sent until it is answered, and shown until then. */
import { load } from "../load.js";
import { Composer } from "./composer.js";
import { Outbox, makeNonce } from "./outbox.js";

/** Refusals that mean "not now": the line stays in the outbox, which sends it again. */
const PASSING = new Set(["BUSY", "STORE_UNAVAILABLE"]);
const FAULTS_MOST = 3; // a fault of the server may pass, or it is what this very line does to it
const FRESH_MS = 120_000; // what was left unsent for longer is its writer's to send

export class Writing {
  #socket;
  #log;
  #you;
  #composer = null;
  #outbox;
  #failed = new Map(); // nonce → what was refused and could not be given back
  #slow = 0; // seconds between two messages of one person
  #followersOnly = null;
  #delayed = new Set(); // nonces that the server could not take yet
  #faults = new Map(); // nonce → how often the server failed over it
  #commands = new Map(); // nonce → a command on its way; it is sent once, it might not mean the same twice

  /** @param {HTMLElement} root the `[data-chat]` element */
  constructor(root, { socket, log, you, deeds, people, slug }) {
    this.#socket = socket;
    this.#log = log;
    this.#you = you;
    this.#outbox = new Outbox((nonce, content, parent) => this.#transmit(nonce, content, parent), `outbox.${you.id}.${slug}`);
    const form = root.querySelector("[data-chat-form]");
    if (!form) return;
    this.#composer = new Composer(form, `${you.id}.${slug}`, {
      send: (content, parent) => this.#send(content, parent),
      typing: () => socket.send("chat:typing"),
    });
    this.#awaitWords(form, deeds, people);
    this.#attachPicker(root);
    socket
      .on("chat:ack", ({ nonce, id }) => this.#acknowledged(nonce, id))
      .on("chat:error", (refusal) => this.#refused(refusal))
      .on("chat:settings", (settings) => this.#takeSettings(settings))
      .on("chat:notice", ({ nonce, message }) => this.#told(nonce, message))
      .watch(({ state }) => this.#lineIs(state));
    this.#takeUp();
    root.addEventListener("click", ({ target }) => this.#clicked(target));
    setInterval(() => this.#outbox.nudge(), 2_000);
  }

  /** What is written next answers this message; with `stays` what comes after that, too. */
  answer(message, stays = false) {
    this.#composer?.answer(message, stays);
  }

  /** Nobody writes here any more; what was begun stays as a draft. */
  close() {
    this.#composer?.close();
  }

  /** Begin to write to somebody. */
  call(username) {
    this.#composer?.insert(`@${username} `);
  }

  /** What a word may become is looked for once somebody writes one. */
  #awaitWords(form, deeds, people) {
    const field = form.elements.content;
    const write = () => this.#complete(form, deeds, people).catch(() => this.#awaitWords(form, deeds, people));
    field.addEventListener("input", write, { once: true });
  }

  async #complete(form, deeds, people) {
    const [{ Completion }, { commandFinder }] = await Promise.all([load("chat/completion.js"), load("chat/commands.js")]);
    const sources = [
      { pattern: /^\/(\w*)$/, find: commandFinder(() => deeds.commands()) },
      { pattern: /(?:^|\s)@(\w*)$/, find: (typed) => people.find(typed) },
      { pattern: /(?:^|\s):([a-z]{2,})$/i, find: emojiLike },
    ];
    new Completion(form.elements.content, form.querySelector("[data-chat-options]"), sources, (words, over) => {
      this.#composer.insert(words, over);
    });
  }

  /** The emoji come when they are first wanted. */
  #attachPicker(root) {
    const panel = root.querySelector("[data-chat-emoji]");
    const furnish = async ({ newState }) => {
      if (newState !== "open") return panel.addEventListener("beforetoggle", furnish, { once: true });
      try {
        const [{ Picker }, emoji] = await Promise.all([load("chat/picker.js"), load("chat/emoji.js")]);
        new Picker(panel, emoji, (sign) => this.#composer.insert(sign));
      } catch ({ message }) {
        panel.querySelector("[data-emoji-groups]").textContent = message;
        panel.addEventListener("beforetoggle", furnish, { once: true });
      }
    };
    panel.addEventListener("beforetoggle", furnish, { once: true });
  }

  #send(content, parent) {
    if (content.startsWith("/")) return this.#command(content);
    const nonce = this.#outbox.post(content, parent);
    this.#log.appendPending(nonce, content, this.#you, parent);
  }

  #command(content) {
    const nonce = makeNonce();
    if (this.#transmit(nonce, content, null)) this.#commands.set(nonce, { content });
    else this.#composer.giveBack({ content }, { message: "There is no connection. Send it again once there is." });
  }

  #transmit(nonce, content, parent) {
    return this.#socket.send("chat:send", { content, nonce, ...(parent && { replyTo: parent.id }) });
  }

  #acknowledged(nonce, id) {
    const line = this.#outbox.settle(nonce);
    this.#log.confirm(nonce, id);
    if (this.#forget(nonce)) this.#composer.relent();
    // The next one would be refused: the field says so before it is written in vain.
    if (line && this.#slow && !this.#you.may("speak_freely")) this.#composer.refuse("Slow mode.", this.#slow);
  }

  #refused({ nonce, code, message, retryAfter }) {
    const command = this.#commands.get(nonce);
    if (command && this.#commands.delete(nonce)) return this.#composer.giveBack(command, { message });
    if (nonce && this.#mayPass(nonce, code)) {
      this.#delayed.add(nonce);
      return this.#composer.refuse(message, null);
    }
    const line = nonce ? this.#outbox.settle(nonce) : null;
    if (!line) return this.#composer.refuse(message, retryAfter);
    this.#forget(nonce);
    if (code === "MESSAGE_HELD") return this.#log.markHeld(nonce, message);
    this.#giveBack(nonce, line, { message, retryAfter });
  }

  #mayPass(nonce, code) {
    if (code !== "INTERNAL") return PASSING.has(code);
    this.#faults.set(nonce, (this.#faults.get(nonce) ?? 0) + 1);
    return this.#faults.get(nonce) < FAULTS_MOST;
  }

  #giveBack(nonce, line, refusal) {
    if (this.#composer.giveBack(line, refusal)) return this.#log.withdraw(nonce);
    this.#failed.set(nonce, line);
    this.#log.fail(nonce);
  }

  /** The line is no longer tried; whether it had been put off. */
  #forget(nonce) {
    this.#faults.delete(nonce);
    return this.#delayed.delete(nonce);
  }

  /** Somebody loaded the page anew because their words did not go out: they go now, by the same nonces. */
  #takeUp() {
    for (const [nonce, line] of this.#outbox.lines) {
      this.#log.appendPending(nonce, line.content, this.#you, line.parent);
      if (Date.now() - line.writtenAt < FRESH_MS) continue;
      this.#giveBack(nonce, this.#outbox.settle(nonce), { message: "This was not sent." });
    }
  }

  #takeSettings({ slow, followersOnly }) {
    if (slow !== this.#slow || followersOnly !== this.#followersOnly) this.#composer.free();
    this.#slow = slow;
    this.#followersOnly = followersOnly;
  }

  /** A word of the house to this person alone: what a command did, or what became of a held line. */
  #told(nonce, message) {
    this.#commands.delete(nonce);
    this.#log.withdraw(nonce);
    this.#log.note(message);
  }

  #lineIs(state) {
    if (state === "open") return this.#outbox.resend();
    for (const { content } of this.#commands.values()) this.#log.note(`It is not known whether “${content}” was done.`);
    this.#commands.clear();
  }

  #clicked(target) {
    const failed = target.closest(".chat-again")?.closest("[data-failed]")?.dataset.failed;
    if (!failed) return;
    const { content, parent } = this.#failed.get(failed);
    this.#failed.delete(failed);
    this.#log.withdraw(failed);
    this.#send(content, parent);
  }
}

async function emojiLike(typed) {
  const { findEmoji } = await load("chat/emoji.js");
  return findEmoji(typed).map(({ sign, words }) => ({ value: sign, label: sign, hint: words }));
}
