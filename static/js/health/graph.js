/** The bitrate of the last ten minutes as a line, and the same in words. */
import { grouped } from "../numbers.js";

const SPAN_MS = 600_000;
const MOST_POINTS = 300;
const HOLE_MS = 7_000; // nothing told for so long: the line is interrupted
const WIDTH = 600; // of the drawing's own units
const HEIGHT = 100;

export class Graph {
  #root;
  #points = [];

  /** @param {HTMLElement} root the `[data-graph]` figure */
  constructor(root) {
    this.#root = root;
  }

  /** Show these points of `{at, bitrateKbps}`, oldest first, in place of all others. */
  replace(points) {
    this.#points = points.slice(-MOST_POINTS);
    this.#draw();
  }

  add(point) {
    const last = this.#points.at(-1);
    if (last && Date.parse(point.at) <= Date.parse(last.at)) return;
    this.#points.push(point);
    if (this.#points.length > MOST_POINTS) this.#points.shift();
    this.#draw();
  }

  #draw() {
    const points = this.#points.map(({ at, bitrateKbps }) => ({ at: Date.parse(at), kbps: bitrateKbps }));
    const top = ceiling(Math.max(0, ...points.map(({ kbps }) => kbps)));
    const { line, area } = paths(points, top);
    this.#root.querySelector("[data-graph-line]").setAttribute("d", line);
    this.#root.querySelector("[data-graph-area]").setAttribute("d", area);
    this.#write("[data-graph-top]", `${grouped(top)} kbps`);
    this.#write("[data-graph-middle]", grouped(top / 2));
    this.#write("[data-graph-words]", inWords(points));
  }

  #write(selector, words) {
    const element = this.#root.querySelector(selector);
    if (element && element.textContent !== words) element.textContent = words;
  }
}

/** SVG paths of the points, the newest at the right edge; a hole in time is a hole in the line.
 * @param {{at: number, kbps: number}[]} points
 * @param {number} top the value at the upper edge */
export function paths(points, top) {
  let line = "";
  let area = "";
  const end = points.at(-1)?.at ?? 0;
  let before = null;
  for (const { at, kbps } of points) {
    const x = round(WIDTH - ((end - at) / SPAN_MS) * WIDTH);
    const y = round(HEIGHT - (kbps / top) * HEIGHT);
    if (x < 0) continue;
    if (before === null || at - before.at > HOLE_MS) {
      if (before !== null) area += `V${HEIGHT}Z`;
      line += `M${x} ${y}`;
      area += `M${x} ${HEIGHT}V${y}`;
    } else {
      line += `L${x} ${y}`;
      area += `L${x} ${y}`;
    }
    before = { at };
  }
  return { line, area: area && `${area}V${HEIGHT}Z` };
}

/** The next of 1, 2, 3, 4, 5, 6, 8 times a power of ten above the value, a little air included. */
export function ceiling(value) {
  const wanted = Math.max(value * 1.1, 100);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= wanted);
}

function inWords(points) {
  const sent = points.map(({ kbps }) => kbps).filter((kbps) => kbps > 0);
  if (!sent.length) return "Nothing was sent in the last 10 minutes.";
  const minutes = Math.max(1, Math.round((points.at(-1).at - points[0].at) / 60_000));
  const average = Math.round(sent.reduce((sum, kbps) => sum + kbps, 0) / sent.length);
  const [least, most] = [Math.min(...sent), Math.max(...sent)].map(grouped);
  const over = minutes === 1 ? "the last minute" : `the last ${minutes} minutes`;
  return `Over ${over}: ${grouped(average)} kbps on average, between ${least} and ${most}.`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
