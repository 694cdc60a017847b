/** The creator's desk: what the encoder sends, what was refused, and the room beside it. */
import { Socket } from "./socket.js";
import { Stage } from "./stage.js";

const DEAF_MS = 6_000; // reports come every other second; after this long the last one is history
const DASH = "–";

/** How each figure of a health report is written. */
const FIGURES = {
  bitrate: ({ bitrateKbps }) => bitrateKbps && `${bitrateKbps.toLocaleString()} kbit/s`,
  fps: ({ fps }) => fps && `${Math.round(fps * 10) / 10} fps`,
  resolution: ({ width, height }) => width && height && `${width} × ${height}`,
  keyframes: ({ keyframeSeconds }) => keyframeSeconds && `${keyframeSeconds.toFixed(1)} s`,
  codecs: ({ videoCodec, audioCodec }) => [videoCodec, audioCodec].filter(Boolean).join(" + "),
  delay: ({ delaySeconds }) => delaySeconds && `${delaySeconds.toFixed(1)} s`,
  encoder: ({ connected, address }) => connected && (address ? `Connected from ${address}` : "Connected"),
};

class Desk {
  #root;
  #stage;
  #deaf = 0;

  /** @param {HTMLElement} root the `[data-dashboard]` element */
  constructor(root) {
    this.#root = root;
    this.#stage = new Stage({
      player: root.querySelector("[data-player]"),
      chat: document.querySelector("[data-chat]"),
      around: document,
    });
    const { channelSlug, ticket } = root.dataset;
    new Socket({ path: `/ws/dashboard/${encodeURIComponent(channelSlug)}`, ticket, signedIn: true })
      .on("stream:health-update", (health) => this.#showHealth(health))
      .on("stream:refused", (refusal) => this.#showRefusal(refusal))
      .on("stream:started", ({ stream }) => this.#follow(stream))
      .on("stream:updated", ({ stream }) => this.#follow(stream))
      .open();
  }

  /** The room hears of a broadcast when there is a picture; the desk hears of it before. */
  #follow(stream) {
    this.#stage.show(stream);
    if (stream.status === "LIVE") this.#hideRefusal();
  }

  #showHealth(health) {
    clearTimeout(this.#deaf);
    for (const box of this.#root.querySelectorAll("[data-health]")) {
      box.textContent = FIGURES[box.dataset.health]?.(health) || DASH;
    }
    this.#root.dataset.encoder = health.connected ? "connected" : "gone";
    if (health.connected) this.#deaf = setTimeout(() => this.#showHealth({ connected: false }), DEAF_MS);
  }

  #showRefusal({ code, message, at }) {
    const box = this.#root.querySelector("[data-refusal]");
    if (!box) return;
    const time = box.querySelector("[data-refusal-at]");
    write(box.querySelector("[data-refusal-code]"), code);
    write(box.querySelector("[data-refusal-message]"), message);
    write(time, new Date(at).toLocaleTimeString());
    if (time) time.dateTime = at;
    box.hidden = false;
  }

  /** The encoder is in: what was wrong before has been put right. */
  #hideRefusal() {
    this.#root.querySelector("[data-refusal]")?.setAttribute("hidden", "");
  }
}

function write(element, words) {
  if (element) element.textContent = words;
}

const root = document.querySelector("[data-dashboard]");
if (root) new Desk(root);
