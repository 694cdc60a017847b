/** A picture behind a frame of fixed shape: drag, wheel, pinch, arrow keys and a slider move and zoom it. */

const MOST_ZOOM = 5;
const STEP_PX = 12;
const MARGIN = 0.88; // of the stage that the frame fills

export class CropFrame {
  #stage;
  #frame;
  #slider;
  #image;
  #ratio;
  #zoom = 1;
  #middle = { x: 0.5, y: 0.5 }; // of the frame, as fractions of the picture
  #pointers = new Map();
  #watcher = new ResizeObserver(() => this.#draw());

  constructor(dialog, image, ratio) {
    this.#stage = dialog.querySelector(".crop-stage");
    this.#frame = dialog.querySelector(".crop-frame");
    this.#slider = dialog.querySelector("input[type=range]");
    this.#image = image;
    this.#ratio = ratio;
    this.#frame.classList.toggle("round", ratio === 1);
    this.#stage.prepend(image);
    const stage = this.#stage;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#moved(event));
    for (const kind of ["pointerup", "pointercancel"]) stage.addEventListener(kind, ({ pointerId }) => this.#pointers.delete(pointerId));
    stage.addEventListener("wheel", (event) => this.#wheeled(event), { passive: false });
    stage.addEventListener("keydown", (event) => this.#pressed(event));
    this.#slider.addEventListener("input", () => this.#zoomTo(1 + (MOST_ZOOM - 1) * (this.#slider.value / 100)));
  }

  start() {
    this.#watcher.observe(this.#stage);
    this.#draw();
    this.#stage.focus();
  }

  stop() {
    this.#watcher.disconnect();
  }

  /** What the frame holds: [x, y, width, height] as fractions of the upright picture. */
  get crop() {
    const { width, height } = this.#part;
    return [this.#middle.x - width / 2, this.#middle.y - height / 2, width, height];
  }

  /** How much of the picture's sides the frame spans. */
  get #part() {
    const shape = this.#image.naturalWidth / this.#image.naturalHeight;
    const whole = shape > this.#ratio ? { width: this.#ratio / shape, height: 1 } : { width: 1, height: shape / this.#ratio };
    return { width: whole.width / this.#zoom, height: whole.height / this.#zoom };
  }

  #down(event) {
    this.#stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  #moved(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.#zoomTo(this.#zoom * (distance(now, other) / Math.max(1, distance(before, other))));
    // With two fingers each moves it half.
    const share = this.#pointers.size > 1 ? 0.5 : 1;
    this.#moveBy(share * (now.x - before.x), share * (now.y - before.y));
    this.#pointers.set(event.pointerId, now);
  }

  #wheeled(event) {
    event.preventDefault();
    this.#zoomTo(this.#zoom * Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)));
  }

  #pressed(event) {
    const step = event.shiftKey ? 4 * STEP_PX : STEP_PX;
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const zooms = { "+": 1.1, "=": 1.1, "-": 1 / 1.1 };
    if (moves[event.key]) this.#moveBy(...moves[event.key]);
    else if (zooms[event.key]) this.#zoomTo(this.#zoom * zooms[event.key]);
    else return;
    event.preventDefault();
  }

  /** Move the picture by so many pixels. */
  #moveBy(x, y) {
    const { width, height } = this.#size;
    this.#middle = { x: this.#middle.x - x / width, y: this.#middle.y - y / height };
    this.#draw();
  }

  #zoomTo(zoom) {
    this.#zoom = Math.min(MOST_ZOOM, Math.max(1, zoom));
    this.#draw();
  }

  /** The picture as it is drawn, in pixels. */
  get #size() {
    const { width, height } = this.#part;
    const { width: across, height: down } = this.#frameSize;
    return { width: across / width, height: down / height };
  }

  get #frameSize() {
    const { clientWidth, clientHeight } = this.#stage;
    const width = MARGIN * Math.min(clientWidth, clientHeight * this.#ratio);
    return { width, height: width / this.#ratio };
  }

  #draw() {
    const { width: across, height: down } = this.#part;
    this.#middle.x = within(this.#middle.x, across / 2, 1 - across / 2);
    this.#middle.y = within(this.#middle.y, down / 2, 1 - down / 2);
    const frame = this.#frameSize;
    const { width, height } = this.#size;
    Object.assign(this.#frame.style, { width: `${frame.width}px`, height: `${frame.height}px` });
    const left = this.#stage.clientWidth / 2 - this.#middle.x * width;
    const top = this.#stage.clientHeight / 2 - this.#middle.y * height;
    Object.assign(this.#image.style, { width: `${width}px`, height: `${height}px`, transform: `translate(${left}px, ${top}px)` });
    this.#slider.value = String(Math.round((100 * (this.#zoom - 1)) / (MOST_ZOOM - 1)));
  }
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}
