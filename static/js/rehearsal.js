/** The test of an encoder: its private picture, what it sends, and the verdict. */
import { request } from "./api.js";
import { ServerClock } from "./clock.js";
import { HealthPanel } from "./health/panel.js";
import { Verdict } from "./health/verdict.js";
import { Player } from "./player/player.js";
import { Socket } from "./socket.js";

class RehearsalPage {
  #path;
  #health;
  #verdict;
  #player;
  #clock = new ServerClock();

  /** @param {HTMLElement} root the `[data-rehearsal]` element */
  constructor(root) {
    const { channelSlug, channelId, ticket } = root.dataset;
    this.#path = `/api/channels/${channelId}/rehearsal`;
    const player = root.querySelector("[data-player]");
    player.dataset.grantPath = this.#path;
    for (const badge of player.querySelectorAll("[data-status-badge]")) badge.textContent = "PRIVATE";
    this.#player = new Player(player, this.#clock, { onNothing: () => this.#ask() });
    this.#health = new HealthPanel(root.querySelector("[data-health-panel]"));
    this.#verdict = new Verdict(root.querySelector("[data-verdict]"));
    new Socket({ path: `/ws/dashboard/${encodeURIComponent(channelSlug)}`, ticket, signedIn: true })
      .on("*", (_, { timestamp }) => this.#clock.learn(timestamp))
      .on("stream:rehearsal", (told) => this.#show(told))
      // What was told before somebody listened, or while nobody did.
      .watch(({ state }) => state === "open" && this.#ask())
      .open();
  }

  async #ask() {
    const told = await request(this.#path).catch(() => null); // the next frame tells
    if (told) this.#show(told);
  }

  /** What a frame or the API tells; the picture's address is the API's alone. */
  #show({ rehearsal, health, hlsUrl }) {
    const running = rehearsal?.state === "running";
    this.#verdict.show(rehearsal?.verdict ?? null, rehearsal?.state);
    this.#health.follow(rehearsal && rehearsal.state !== "over" ? rehearsal.id : null, this.#path);
    if (running && health?.connected) this.#health.show(health);
    if (!running) {
      this.#player.follow({ status: "OFFLINE" });
    } else if (rehearsal.id !== this.#player.streamId) {
      this.#player.follow({ id: rehearsal.id, status: "LIVE", hlsUrl: hlsUrl ?? "" });
    }
  }
}

const root = document.querySelector("[data-rehearsal]");
if (root) new RehearsalPage(root);
