/** What a word in the field may become: a list above it, chosen with arrows, Tab or Enter. */

const MOST = 8;

export class Completion {
  #field;
  #list;
  #sources;
  #insert;
  #found = [];
  #at = 0;
  #typed = "";
  #question = 0; // an answer to an older one is out of date

  /**
   * @param {HTMLTextAreaElement} field
   * @param {HTMLElement} list an empty listbox
   * @param {{pattern: RegExp, find: (typed: string) => Promise<{value: string, label: string, hint: string}[]>}[]}
   *   sources the pattern's first group, at the caret, is what to look for
   * @param {(words: string, over: number) => void} insert
   */
  constructor(field, list, sources, insert) {
    this.#field = field;
    this.#list = list;
    this.#sources = sources;
    this.#insert = insert;
    field.addEventListener("input", () => this.#look());
    field.addEventListener("blur", () => this.#close());
    field.addEventListener("keydown", (event) => this.#pressed(event), { capture: true });
    // The field keeps the focus: a press that took it would close the list before the click.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => this.#choose([...list.children].indexOf(target.closest("li"))));
    if (field === document.activeElement) this.#look(); // this script may come later than the first letters
  }

  async #look() {
    const question = ++this.#question;
    const before = this.#field.value.slice(0, this.#field.selectionStart);
    for (const { pattern, find } of this.#sources) {
      const match = pattern.exec(before);
      if (!match) continue;
      const found = (await find(match[1])).slice(0, MOST);
      if (question !== this.#question) return;
      this.#typed = match[0].trimStart();
      return this.#show(found);
    }
    this.#close();
  }

  #show(found) {
    this.#found = found;
    this.#at = 0;
    this.#list.replaceChildren(...found.map(option));
    this.#list.hidden = found.length === 0;
    this.#mark();
  }

  #close() {
    this.#question += 1;
    this.#show([]);
  }

  #pressed(event) {
    if (!this.#found.length || event.isComposing) return;
    const deed = {
      ArrowDown: () => this.#move(1),
      ArrowUp: () => this.#move(-1),
      Tab: () => this.#choose(this.#at),
      Enter: () => this.#choose(this.#at),
      Escape: () => this.#close(),
    }[event.key];
    // What is already written in full is sent, not completed.
    if (!deed || event.shiftKey || (event.key === "Enter" && this.#found[this.#at].value === this.#typed)) return;
    event.preventDefault();
    deed();
  }

  #move(by) {
    this.#at = (this.#at + by + this.#found.length) % this.#found.length;
    this.#mark();
  }

  #mark() {
    for (const [index, item] of [...this.#list.children].entries()) item.ariaSelected = String(index === this.#at);
    const marked = this.#list.children[this.#at];
    if (marked) this.#field.setAttribute("aria-activedescendant", marked.id);
    else this.#field.removeAttribute("aria-activedescendant");
  }

  #choose(index) {
    const chosen = this.#found[index];
    if (!chosen) return;
    const { length } = this.#typed;
    this.#close();
    this.#insert(`${chosen.value} `, length);
    this.#close(); // what was inserted is no new question
  }
}

function option({ label, hint }, index) {
  const item = document.createElement("li");
  item.id = `chat-option-${index}`;
  item.role = "option";
  const part = (tag, textContent) => Object.assign(document.createElement(tag), { textContent });
  item.append(part("b", label), " ", part("small", hint));
  return item;
}
