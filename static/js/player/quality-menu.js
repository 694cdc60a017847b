/** The choice of a quality: a small list over the picture, made anew each time it opens. */

export class QualityMenu {
  #box;
  #button;
  #deeds;

  /**
   * @param {HTMLElement} box the `[data-qualities]` element
   * @param {HTMLElement} button what opens it
   * @param {{list: () => Promise<{name: string, label: string}[]>, wanted: () => string,
   *   choose: (name: string) => void}} deeds
   */
  constructor(box, button, deeds) {
    this.#box = box;
    this.#button = button;
    this.#deeds = deeds;
    box.addEventListener("change", ({ target }) => deeds.choose(target.value));
    box.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("pointerdown", ({ target }) => {
      if (!box.hidden && !box.contains(target) && !button.contains(target)) this.#show(false);
    });
  }

  async toggle() {
    if (!this.#box.hidden) return this.#show(false);
    const at = document.activeElement;
    const qualities = await this.#deeds.list();
    if (at !== document.activeElement) return; // whoever went on meanwhile is not called back
    this.#draw(qualities);
    this.#show(true);
    (this.#box.querySelector(":checked") ?? this.#box.querySelector("input")).focus();
  }

  #draw(qualities) {
    const wanted = this.#deeds.wanted();
    const choices = qualities.map(({ name, label }) => {
      const choice = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "quality", value: name, checked: name === wanted });
      choice.append(input, label);
      return choice;
    });
    this.#box.replaceChildren(...choices);
  }

  #pressed(event) {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    this.#show(false);
    this.#button.focus();
  }

  #show(open) {
    this.#box.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
  }
}
