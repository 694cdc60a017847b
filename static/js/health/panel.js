/** The health of one stream on a page: its state in a word, what is wrong, the graph and the figures. */
import { request } from "../api.js";
import { load } from "../load.js";
import { Alerts } from "./alerts.js";
import { FIGURES } from "./figures.js";

const DEAF_MS = 6_000; // reports come every other second; after this long the last one is history
const DASH = "–";
const NOTHING = { connected: false, alerts: [] };

export class HealthPanel {
  #root;
  #alerts;
  #graph = null;
  #deaf = 0;
  #streamId = null;

  /** @param {HTMLElement} root the `[data-health-panel]` section */
  constructor(root) {
    this.#root = root;
    this.#alerts = new Alerts(root);
  }

  /** A stream is on: show what is known of it, from the API's `path` on; null means that nothing is on. */
  async follow(streamId, path = `/api/streams/${streamId}/health`) {
    if (streamId === this.#streamId) return;
    this.#streamId = streamId;
    clearTimeout(this.#deaf);
    this.#root.querySelector("[data-health-none]").hidden = streamId !== null;
    this.#root.querySelector("[data-health-body]").hidden = streamId === null;
    this.#draw((graph) => graph.replace([]));
    this.show(NOTHING);
    this.#state(streamId === null ? "none" : "waiting");
    if (streamId === null) return;
    const answer = await request(path).catch(() => null); // the next report tells
    const health = answer?.health ?? answer;
    if (streamId !== this.#streamId || !health?.history) return;
    this.#draw((graph) => graph.replace(health.history));
    if (health.connected) this.show(health);
  }

  get streamId() {
    return this.#streamId;
  }

  /** A report, from a frame or the API; a frame's `point` is one more of the graph. */
  show(health) {
    clearTimeout(this.#deaf);
    this.#write(health);
    this.#alerts.show(health.alerts ?? []);
    if (health.point) this.#draw((graph) => graph.add(health.point));
    this.#state(health.connected ? health.alerts?.[0]?.severity ?? "good" : "lost");
    if (health.connected) this.#deaf = setTimeout(() => this.#fallSilent(), DEAF_MS);
  }

  /** Nobody tells any more: old figures must not look like new ones. */
  #fallSilent() {
    this.#write(NOTHING);
    this.#state("deaf");
  }

  /** The graph comes after all else; without it the figures stand alone, and the next report asks for it again. */
  #draw(deed) {
    this.#graph ??= load("health/graph.js").then(({ Graph }) => new Graph(this.#root.querySelector("[data-graph]")));
    this.#graph.then(deed).catch(() => (this.#graph = null));
  }

  #write(health) {
    for (const box of this.#root.querySelectorAll("[data-health]")) {
      const words = FIGURES[box.dataset.health]?.(health) || DASH;
      if (box.textContent !== words) box.textContent = words;
    }
  }

  /** none, waiting, good, info, warning, critical, lost or deaf: the page has words for each. */
  #state(state) {
    this.#root.dataset.state = state;
    for (const words of this.#root.querySelectorAll("[data-health-when]")) {
      words.hidden = !words.dataset.healthWhen.split(" ").includes(state);
    }
  }
}
