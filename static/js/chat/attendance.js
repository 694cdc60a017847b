/** Who is in the chat, in place of the log: those with a role first. */

const ROLES = { owner: "Owner", editor: "Editors", moderator: "Moderators", vip: "VIPs", null: "Viewers" };
const LOOK_AGAIN_MS = 5_000;

export class Attendance {
  #panel;
  #opener;
  #deeds;
  #call;
  #timer = 0;

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
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_AGAIN_MS);
  }

  async #look() {
    const list = this.#panel.querySelector(".chat-people");
    try {
      const { data, total } = await this.#deeds.chatters();
      if (list.contains(document.activeElement)) return; // the name that somebody is about to choose stays
      list.replaceChildren(...Object.keys(ROLES).flatMap((role) => group(role, data)), ...rest(total - data.length));
      if (!total) list.replaceChildren("Nobody who is signed in.");
    } catch ({ message }) {
      list.replaceChildren(message);
    }
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

/** How many more there are than names that anybody would read. */
function rest(count) {
  return count > 0 ? [Object.assign(document.createElement("p"), { textContent: `and ${count} more` })] : [];
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
