/** The figures behind the picture, for those who want to know. */

const EVERY_MS = 500;
const DASH = "–";

/** How each figure of `Source.stats` is written. */
const FIGURES = {
  delay: ({ delay }) => delay !== null && `${delay.toFixed(2)} s`,
  buffer: ({ buffer }) => `${buffer.toFixed(2)} s`,
  speed: ({ rate }) => `${rate.toFixed(2)} ×`,
  bitrate: ({ bitrate }) => bitrate !== null && `${Math.round(bitrate / 1000).toLocaleString()} kbps`,
  resolution: ({ width, height }) => width > 0 && `${width} × ${height}`,
  dropped: ({ dropped, frames }) => frames > 0 && `${dropped} of ${frames.toLocaleString()}`,
  parts: ({ parts }) => parts && `${Math.round((100 * parts.count) / parts.of)} % of ${parts.of}`,
  stalls: ({ stalls }) => String(stalls),
};

export class StatsPanel {
  #panel;
  #read;
  #timer = 0;

  /** @param {HTMLElement} panel the `[data-stats]` list
   * @param {() => object|null} read the figures of now, null when nothing plays */
  constructor(panel, read) {
    this.#panel = panel;
    this.#read = read;
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  toggle() {
    this.#panel.hidden = this.isOpen;
    clearInterval(this.#timer);
    if (!this.isOpen) return;
    this.#timer = setInterval(() => this.#draw(), EVERY_MS);
    this.#draw();
  }

  #draw() {
    const stats = this.#read();
    for (const box of this.#panel.querySelectorAll("[data-stat]")) {
      box.textContent = (stats && FIGURES[box.dataset.stat](stats)) || DASH;
    }
  }
}
