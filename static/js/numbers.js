/** What a page says about a broadcast while it runs: title, viewers, uptime, status, countdown. */

const WORDS = { LIVE: "LIVE", ENDING: "RECONNECTING" };
/** The phases a broadcast is in: a grace period is still live, an announced one is open but not live. */
const PHASES = {
  NONE: ["offline"],
  ARCHIVED: ["offline"],
  OFFLINE: ["offline", "announced", "open"],
  LIVE: ["live", "open"],
  ENDING: ["live", "ending", "open"],
};
const count = new Intl.NumberFormat();

export class Numbers {
  #root;
  #clock;
  #counted = false;

  /** @param {ParentNode} root the part of the page that belongs to this channel
   * @param {import("./clock.js").ServerClock} clock */
  constructor(root, clock) {
    this.#root = root;
    this.#clock = clock;
    setInterval(() => this.#tick(), 1_000);
    this.#tick();
  }

  /** Show a broadcast as the API describes it; null means nothing is on. */
  show(stream) {
    const status = stream?.status ?? "NONE";
    this.#showStatus(status);
    if (!stream) return;
    this.#write("[data-title]", stream.title);
    this.#showCategory(stream);
    this.#showTags(stream.tags ?? []);
    if (!this.#counted) this.#writeViewers(stream.viewerCount);
    this.#since("[data-uptime]", "startedAt", stream.startedAt);
    this.#since("[data-countdown]", "endsAt", status === "ENDING" ? stream.endsAt : null);
    this.#tick();
  }

  /** The count as the room tells it, which is newer than the one that a broadcast carries. */
  showViewers(viewers) {
    this.#counted = true;
    this.#writeViewers(viewers);
  }

  #writeViewers(viewers) {
    if (Number.isInteger(viewers)) this.#write("[data-viewers]", count.format(viewers));
  }

  #showStatus(status) {
    for (const badge of this.#all("[data-status-badge]")) {
      badge.textContent = WORDS[status] ?? "OFFLINE";
      badge.classList.toggle("ending", status === "ENDING");
      badge.classList.toggle("off", !(status in WORDS));
    }
    for (const part of this.#all("[data-while]")) {
      part.hidden = !part.dataset.while.split(" ").some((phase) => PHASES[status].includes(phase));
    }
  }

  #showCategory({ category, categoryName = null }) {
    for (const element of this.#all("[data-category]")) {
      put(element, categoryName ?? category ?? "");
      element.hidden = !category;
    }
  }

  #showTags(tags) {
    for (const box of this.#all("[data-tags]")) {
      box.replaceChildren(
        ...tags.map((tag) => {
          const element = document.createElement("span");
          element.className = "tag";
          element.textContent = tag;
          return element;
        }),
      );
    }
  }

  #since(selector, name, value) {
    for (const element of this.#all(selector)) element.dataset[name] = value ?? "";
  }

  #tick() {
    const now = this.#clock.now();
    for (const element of this.#all("[data-uptime]")) {
      const since = Date.parse(element.dataset.startedAt);
      if (since) put(element, duration((now - since) / 1000));
    }
    for (const element of this.#all("[data-countdown]")) {
      const until = Date.parse(element.dataset.endsAt);
      if (until) put(element, `${Math.max(0, Math.ceil((until - now) / 1000))} s`);
    }
  }

  #write(selector, words) {
    for (const element of this.#all(selector)) put(element, words);
  }

  #all(selector) {
    return this.#root.querySelectorAll(selector);
  }
}

function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** 02:14:07, as long as it takes */
function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
