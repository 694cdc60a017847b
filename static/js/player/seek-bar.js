/** The bar that shows where one is between the oldest second and now, and takes one elsewhere. */

const WORTH_SHOWING = 5; // seconds: less cannot be aimed at

export class SeekBar {
  #bar;
  #tip;
  #time;
  #deeds;
  #dragged = null; // the fraction under the finger

  /**
   * @param {HTMLElement} bar the `[data-seek]` slider
   * @param {{range: () => import("./range.js").Range|null, position: () => number, isBehind: () => boolean,
   *   seekTo: (position: number) => void, preview: (position: number) => Node|null}} deeds
   *   `preview` is asked for a picture of a second; without one the tip shows the time alone
   */
  constructor(bar, deeds) {
    this.#bar = bar;
    this.#deeds = deeds;
    this.#tip = bar.querySelector("[data-seek-tip]");
    this.#time = this.#tip.querySelector("time");
    bar.addEventListener("pointerdown", (event) => this.#grab(event));
    bar.addEventListener("pointermove", (event) => this.#pointed(event));
    bar.addEventListener("pointerup", (event) => this.#drop(event));
    bar.addEventListener("pointercancel", () => this.#letGo());
    bar.addEventListener("pointerleave", () => this.#dragged === null && this.#hideTip());
  }

  draw() {
    const span = this.#span();
    this.#bar.toggleAttribute("data-off", span === null);
    if (!span) return this.#letGo();
    const { start, length } = span;
    const behind = this.#deeds.isBehind() ? Math.max(0, start + length - this.#deeds.position()) : 0;
    const shown = this.#dragged ?? 1 - Math.min(behind / length, 1);
    this.#bar.style.setProperty("--at", shown.toFixed(4));
    const told = this.#dragged === null ? behind : (1 - shown) * length;
    this.#bar.setAttribute("aria-valuemin", String(-Math.round(length)));
    this.#bar.setAttribute("aria-valuenow", String(-Math.round(told)));
    this.#bar.setAttribute("aria-valuetext", inWords(told));
  }

  #span() {
    const range = this.#deeds.range();
    const [start, live] = [range?.start ?? null, range?.live ?? null];
    return start === null || live === null || live - start < WORTH_SHOWING ? null : { start, length: live - start };
  }

  #grab(event) {
    const unseen = event.pointerType === "touch" && this.#bar.closest("[data-idle]"); // that touch wakes the controls
    if (event.button !== 0 || unseen || !this.#span()) return;
    this.#bar.setPointerCapture(event.pointerId);
    this.#dragged = this.#fraction(event);
    this.#showTip(this.#dragged);
    this.draw();
  }

  #pointed(event) {
    const fraction = this.#fraction(event);
    if (this.#dragged !== null) {
      this.#dragged = fraction;
      this.draw();
    }
    this.#showTip(fraction);
  }

  #drop(event) {
    if (this.#dragged === null) return;
    const span = this.#span();
    const fraction = this.#dragged;
    this.#letGo();
    if (event.pointerType !== "mouse") this.#hideTip();
    if (span) this.#deeds.seekTo(span.start + fraction * span.length);
    this.draw();
  }

  #letGo() {
    this.#dragged = null;
  }

  #fraction({ clientX }) {
    const { left, width } = this.#bar.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width));
  }

  #showTip(fraction) {
    const span = this.#span();
    if (!span) return this.#hideTip();
    this.#time.textContent = onClock((1 - fraction) * span.length);
    const picture = this.#deeds.preview(span.start + fraction * span.length);
    this.#tip.replaceChildren(...(picture ? [picture] : []), this.#time);
    this.#tip.style.setProperty("--tip", fraction.toFixed(4));
    this.#tip.hidden = false;
  }

  #hideTip() {
    this.#tip.hidden = true;
  }
}

/** "-12:34" for seconds behind; "Live" where that would be nothing. */
export function onClock(behind) {
  const seconds = Math.round(behind);
  if (seconds < 1) return "Live";
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const padded = (number) => String(number).padStart(2, "0");
  const front = hours ? `${hours}:${padded(minutes)}` : String(minutes);
  return `-${front}:${padded(seconds % 60)}`;
}

/** "12 minutes 34 seconds behind" for those who hear it. */
export function inWords(behind) {
  const seconds = Math.round(behind);
  if (seconds < 1) return "Live";
  const named = [
    [Math.floor(seconds / 3600), "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ];
  const said = named.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return `${said.join(" ")} behind`;
}
