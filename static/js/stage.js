/** One channel on a page: its player, its chat and its numbers, fed by one socket. */
import { request } from "./api.js";
import { ServerClock } from "./clock.js";
import { Numbers } from "./numbers.js";
import { Player } from "./player/player.js";
import { Socket } from "./socket.js";

const ASK_WHILE_DEAF_MS = 10_000; // without a socket, the status is asked for this often

export class Stage {
  #slug;
  #numbers;
  #clock = new ServerClock();
  #asking = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.player the `[data-player]` section
   * @param {import("./chat/room.js").Room|null} [parts.room] the chat, where the page has one
   * @param {ParentNode} parts.around whatever shows numbers of this channel
   */
  constructor({ player, room = null, around }) {
    this.#slug = player.dataset.channelSlug;
    this.player = new Player(player, this.#clock, { onNothing: () => this.#ask() });
    this.#numbers = new Numbers(around, this.#clock);
    this.socket = room?.socket ?? new Socket({ path: `/ws/channels/${encodeURIComponent(this.#slug)}` });
    this.#hear();
    this.socket.open();
    setInterval(() => this.socket.state !== "open" && this.#ask(), ASK_WHILE_DEAF_MS);
  }

  #hear() {
    let lost = false;
    let isDue = false;
    this.socket
      .on("*", (_, { timestamp }) => {
        this.#clock.learn(timestamp);
        if (!isDue) return;
        isDue = false;
        this.#asking = null; // an answer from before this may be older than what nobody told us
        this.#ask();
      })
      .on("stream:started", ({ stream }) => this.#told(stream))
      .on("stream:updated", ({ stream }) => this.#told(stream))
      .on("stream:ended", () => this.#told(null))
      .on("viewers:updated", ({ count }) => this.#numbers.showViewers(count))
      .watch(({ state }) => {
        // What happened while nobody told us is asked for, once somebody does: after an outage, and between the
        // making of a page that shows nothing and its first connection. The first frame, not the opening, says
        // that whatever happens from now on is told.
        if (state === "open") isDue = lost || this.player.streamId === null;
        lost = state === "waiting" || lost && state !== "open";
      });
  }

  #told(stream) {
    this.#asking = null; // what the API answers now may be older than this
    this.show(stream);
  }

  /** Bring everything in line with a broadcast as the API describes it; null means nothing is on. */
  show(stream) {
    this.#numbers.show(stream);
    this.player.follow(stream);
  }

  #ask() {
    if (this.#asking) return;
    const asking = request(`/api/stream/status?channel=${encodeURIComponent(this.#slug)}`)
      .then(({ isLive, stream }) => {
        if (this.#asking !== asking) return;
        if (isLive) this.show(stream);
        else if (this.player.streamId !== null) this.show(null); // else the page knows: it may be announced
      })
      .catch(() => {}) // the socket's return or the next round asks again
      .finally(() => {
        if (this.#asking === asking) this.#asking = null;
      });
    this.#asking = asking;
  }
}
