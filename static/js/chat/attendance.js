/** Who is in the chat, in place of the log: those with a role first. */

const ROLES = { owner: "Owner", editor: "Editors", moderator: "Moderators", vip: "VIPs", null: "Viewers" };
const LOOK_AGAIN_MS = 5_000;

export class Attendance {
  #panel;
  #opener;
  #deeds;
  #call;
  #timer = 0;
  #pages = 1;

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
    this.#pages = 1;
    this.#show(true);
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_AGAIN_MS);
  }

  async #look() {
    const list = this.#panel.querySelector(".chat-people");
    try {
      const numbers = Array.from({ length: this.#pages }, (_, index) => index + 1);
      const pages = await Promise.all(numbers.map((number) => this.#deeds.chatters(number)));
      if (pages.length < this.#pages || list.contains(document.activeElement)) return; // what is being read stays
      const [{ total }] = pages;
      const people = once(pages.flatMap(({ data }) => data));
      list.replaceChildren(...Object.keys(ROLES).flatMap((role) => group(role, people)));
      if (!total) list.replaceChildren("Nobody who is signed in.");
      if (total > people.length) list.append(this.#more(total - people.length));
    } catch ({ message }) {
      list.replaceChildren(message);
    }
  }

  /** Who goes through a long list finds it standing still. */
  #more(count) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `Show more (${count})`;
    button.addEventListener("click", () => {
      clearInterval(this.#timer);
      button.replaceWith();
      this.#pages += 1;
      this.#look();
    });
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
    clearInterval(this.#timer);
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
