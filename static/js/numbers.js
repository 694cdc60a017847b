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

export class Numbers {
  #root;
  #clock;
  #viewers = null; // as the room told them

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
    this.#titlePage(stream);
    if (!stream) return;
    this.#write("[data-title]", stream.title);
    this.#write("[data-category-or-title]", stream.categoryName || stream.title);
    this.#writeIfAny("[data-description]", stream.description);
    this.#writeIfAny("[data-category]", stream.categoryName ?? stream.category);
    this.#showTags(stream.tags ?? []);
    this.#writeViewers(this.#viewers ?? stream.viewerCount);
    this.#since("[data-uptime]", "startedAt", stream.startedAt);
    this.#since("[data-countdown]", "endsAt", status === "ENDING" ? stream.endsAt : null);
    this.#tick();
  }

  /** The count as the room tells it, which is newer than the one that a broadcast carries. */
  showViewers(viewers) {
    this.#viewers = viewers;
    this.#writeViewers(viewers);
  }

  #writeViewers(viewers) {
    if (!Number.isInteger(viewers)) return;
    for (const element of this.#all("[data-viewers]")) {
      put(element, element.dataset.viewers === "short" ? short(viewers) : grouped(viewers));
    }
  }

  /** The tab says what is on, and after it only whose page this is. */
  #titlePage(stream) {
    for (const element of this.#all("title[data-page]")) {
      put(element, [stream?.title, element.dataset.page].filter(Boolean).join(" — "));
    }
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
    for (const avatar of this.#all("[data-ring] > .avatar")) {
      avatar.classList.toggle("on", PHASES[status].includes("live"));
    }
  }

  /** Words that may be missing: then there is no empty place. */
  #writeIfAny(selector, words) {
    for (const element of this.#all(selector)) {
      put(element, words ?? "");
      element.hidden = !words;
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

/** 1284 → 1,284: as the server's `grouped` writes it. Intl.NumberFormat takes 20 ms to get ready. */
export function grouped(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 950, 1.2k, 131k, 2.5M: as the server's `compact` writes it. */
function short(number) {
  if (number < 1e3) return String(number);
  const [size, unit] = number < 1e6 ? [1e3, "k"] : [1e6, "M"];
  return (number < 100 * size ? (number / size).toFixed(1).replace(/\.0$/, "") : Math.floor(number / size)) + unit;
}

/** 02:14:07, as long as it takes */
function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
