/** Who is in the chat, in place of the log: those with a role first. */

const ROLES = { owner: "Owner", editor: "Editors", moderator: "Moderators", vip: "VIPs", null: "Viewers" };
const LOOK_AGAIN_MS = 5_000;

export class Attendance {
  #panel;
  #opener;
  #deeds;
  #call;
  #timer = 0;
  #look = 0; // the list may be closed, and open again, before an answer comes

  /** @param {HTMLElement} root the `[data-chat]` element
   * @param {import("./deeds.js").Deeds} deeds
   * @param {(username: string) => void} call begins a message to somebody */
  constructor(root, deeds, call) {
    this.#panel = root.querySelector("[data-chat-people]");
    this.#opener = root.querySelector("[data-chat-who]");
    this.#deeds = deeds;
    this.#call = call;
    this.#opener.addEventListener("click", () => (this.#panel.hidden ? this.open() : this.#close()));
    this.#panel.querySelector("header button").addEventListener("click", () => this.#close());
    this.#panel.addEventListener("keydown", ({ key }) => key === "Escape" && this.#close());
    this.#panel.addEventListener("click", ({ target }) => this.#chose(target.closest("[data-username]")));
  }

  open() {
    this.#show(true);
    this.#follow(this.#look);
  }

  get #list() {
    return this.#panel.querySelector(".chat-people");
  }

  /** Look again and again, one look after the other however slow the line is. */
  async #follow(look) {
    try {
      const pages = await this.#ask(1);
      if (look === this.#look && !this.#list.contains(document.activeElement)) this.#draw(pages); // what is read stays
    } catch ({ message }) {
      if (look === this.#look && !this.#list.childElementCount) this.#list.replaceChildren(message);
    }
    if (look === this.#look) this.#timer = setTimeout(() => this.#follow(look), LOOK_AGAIN_MS);
  }

  /** Who goes through a long list finds it standing still. */
  async #showMore(button, count) {
    clearTimeout(this.#timer);
    const look = (this.#look += 1);
    try {
      const pages = await this.#ask(count);
      if (look !== this.#look) return;
      const shown = this.#list.querySelectorAll("[data-username]").length;
      this.#draw(pages);
      (this.#list.querySelectorAll("[data-username]")[shown] ?? this.#list).focus();
    } catch ({ message }) {
      button.textContent = message;
    }
  }

  #ask(count) {
    return Promise.all(Array.from({ length: count }, (_, index) => this.#deeds.chatters(index + 1)));
  }

  #draw(pages) {
    const [{ total }] = pages;
    const people = once(pages.flatMap(({ data }) => data));
    this.#list.replaceChildren(...Object.keys(ROLES).flatMap((role) => group(role, people)));
    if (!total) this.#list.replaceChildren("Nobody who is signed in.");
    if (total > people.length) this.#list.append(this.#more(pages.length + 1, total - people.length));
  }

  #more(pages, count) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `Show more (${count})`;
    button.addEventListener("click", () => this.#showMore(button, pages));
    return button;
  }

  #close() {
    this.#show(false);
    this.#opener.focus();
  }

  #chose(button) {
    if (!button) return;
    this.#show(false);
    this.#call(button.dataset.username);
  }

  #show(open) {
    clearTimeout(this.#timer);
    this.#look += 1;
    this.#panel.hidden = !open;
    this.#opener.ariaExpanded = String(open);
  }
}

/** Somebody may have come between two pages, and moved a name from one to the next. */
function once(people) {
  return [...new Map(people.map((each) => [each.user.username, each])).values()];
}

/** One role's heading and names; nothing when nobody has it. */
function group(role, people) {
  const held = people.filter((each) => String(each.role) === role);
  if (!held.length) return [];
  const head = document.createElement("h4");
  head.textContent = ROLES[role];
  const list = document.createElement("ul");
  list.append(...held.map(({ user }) => person(user)));
  return [head, list];
}

function person({ username, displayName }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.username = username;
  button.title = `Write to @${username}`;
  button.textContent = displayName || username;
  item.append(button);
  return item;
}
