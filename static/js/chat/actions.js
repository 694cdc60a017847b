/** What a click in the chat leads to: the deed, the questions before it, and what is said afterwards. */
import { ask } from "./ask.js";
import { spell } from "./composer.js";

const SANCTIONS = {
  timeOut: { title: "Time out", submit: "Time out" },
  ban: { title: "Ban", submit: "Ban" },
  warn: { title: "Warn", submit: "Send the warning" },
};

export class Actions {
  #root;
  #deeds;
  #log;
  #you;
  #views;

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {{deeds: import("./deeds.js").Deeds, log: import("./log.js").Log, you: import("./you.js").You,
   *   answer: (message: object|null) => void, openThread: (message: object) => Promise<void>}} parts */
  constructor(root, { deeds, log, you, answer, openThread }) {
    this.#root = root;
    this.#deeds = deeds;
    this.#log = log;
    this.#you = you;
    this.#views = { answer, openThread };
  }

  reply(message) {
    this.#views.answer(message);
  }

  thread(message) {
    return this.#try(() => this.#views.openThread(message));
  }

  async copy({ content }) {
    try {
      await navigator.clipboard.writeText(content);
    } catch {
      this.#log.note("This browser does not let pages copy. Select the text instead.");
    }
  }

  /** The page of who wrote it, beside this one: the stream plays on. */
  profile({ user }) {
    window.open(`/u/${encodeURIComponent(user.id)}`, "_blank", "noopener");
  }

  /** What a removed message said, for moderators alone. */
  reveal({ id }, line) {
    return this.#try(async () => {
      line.querySelector(".chat-text").textContent = (await this.#deeds.read(id)).content;
      line.dataset.revealed = "";
    });
  }

  pin({ id }) {
    return this.#try(() => this.#deeds.pin(id));
  }

  unpin() {
    return this.#try(() => this.#deeds.unpin());
  }

  remove({ id }) {
    return this.#try(() => this.#deeds.remove(id));
  }

  restore({ id }) {
    return this.#try(() => this.#deeds.restore(id));
  }

  purge({ user }) {
    return this.#try(() => this.#deeds.purge(user.id), `All that ${user.displayName} said here is removed.`);
  }

  async warn({ user }) {
    const answer = await this.#askFor("warn", user);
    if (answer) this.#try(() => this.#deeds.warn(user.id, answer), `${user.displayName} is warned.`);
  }

  async timeOut({ user }) {
    const answer = await this.#askFor("timeOut", user);
    if (!answer) return;
    const seconds = Number(answer.seconds);
    const said = `${user.displayName} can't write for ${spell(seconds)}.`;
    this.#try(() => this.#deeds.timeOut(user.id, { ...answer, seconds }), said, this.#undo(user));
  }

  async ban({ user }) {
    const answer = await this.#askFor("ban", user);
    if (answer) this.#try(() => this.#deeds.ban(user.id, answer), `${user.displayName} is banned.`, this.#undo(user));
  }

  async report({ id, user }) {
    const dialog = this.#root.querySelector("[data-chat-report]");
    dialog.querySelector("h2 span").textContent = user.displayName;
    const answer = await ask(dialog);
    if (answer) this.#try(() => this.#deeds.report(id, answer), "Thank you. The moderators will look at it.");
  }

  block({ user }) {
    const blocked = this.#you.blocked;
    return this.#try(
      async () => {
        await this.#deeds.block(user.id);
        this.#you.learn({ blocked: [...blocked, user.id] });
      },
      `You don't see ${user.displayName} any more.`,
      { label: "Unblock", run: () => this.#unblock(user) },
    );
  }

  #unblock(user) {
    return this.#try(async () => {
      await this.#deeds.unblock(user.id);
      this.#you.learn({ blocked: [...this.#you.blocked].filter((id) => id !== user.id) });
    });
  }

  #undo(user) {
    const run = () => this.#try(() => this.#deeds.lift(user.id), `${user.displayName} can write again.`);
    return { label: "Undo", run };
  }

  #askFor(kind, user) {
    const dialog = this.#root.querySelector("[data-chat-sanction]");
    const { title, submit } = SANCTIONS[kind];
    dialog.querySelector("h2").textContent = `${title} ${user.displayName}`;
    dialog.querySelector("[value=done]").textContent = submit;
    dialog.querySelector("[data-for=timeOut]").hidden = kind !== "timeOut";
    // A warning is nothing but its words.
    dialog.querySelector("[name=reason]").required = kind === "warn";
    return ask(dialog);
  }

  async #try(deed, said = "", action = null) {
    try {
      await deed();
      if (said) this.#log.note(said, action);
    } catch ({ message }) {
      this.#log.note(message);
    }
  }
}
