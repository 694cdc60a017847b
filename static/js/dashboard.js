/** The creator's desk: what the encoder sends, what was refused, and the room beside it. */
import { Socket } from "./socket.js";
import { Stage } from "./stage.js";

const DEAF_MS = 6_000; // reports come every other second; after this long the last one is history
const DASH = "–";

/** How each figure of a health report is written. */
const FIGURES = {
  bitrate: ({ bitrateKbps }) => bitrateKbps && `${bitrateKbps.toLocaleString()} kbps`,
  fps: ({ fps }) => fps && `${Math.round(fps * 10) / 10} fps`,
  resolution: ({ width, height }) => width && height && `${width} × ${height}`,
  keyframes: ({ keyframeSeconds }) => keyframeSeconds && `${keyframeSeconds.toFixed(1)} s`,
  codecs: ({ videoCodec, audioCodec }) => [videoCodec, audioCodec].filter(Boolean).map(codecName).join(" + "),
  encoder: ({ connected, address }) => connected && (address ? `Connected from ${address}` : "Connected"),
};

const STATES = {
  OFFLINE: "Announced. Waiting for your encoder.",
  LIVE: "You are live.",
  ENDING: "Your encoder is away.",
};
const NOTHING_ON = "Start your encoder to go live, or announce the stream first.";

class Desk {
  #root;
  #stage;
  #deaf = 0;
  #phase;

  /** @param {HTMLElement} root the `[data-dashboard]` element */
  constructor(root) {
    this.#root = root;
    const player = root.querySelector("[data-player]");
    const chat = document.querySelector("[data-chat]");
    // The crew are no viewers of their own picture.
    player.dataset.preview = "";
    chat.dataset.watch = "0";
    this.#stage = new Stage({ player, chat, around: document });
    const { channelSlug, ticket, streamId } = root.dataset;
    this.#phase = phaseOf(streamId, root.querySelector("[data-player]").dataset.status);
    new Socket({ path: `/ws/dashboard/${encodeURIComponent(channelSlug)}`, ticket, signedIn: true })
      .on("stream:health-update", (health) => this.#showHealth(health))
      .on("stream:refused", (refusal) => this.#showRefusal(refusal))
      .on("stream:started", ({ stream }) => this.#follow(stream))
      .on("stream:updated", ({ stream }) => this.#follow(stream))
      .on("stream:ended", () => this.#follow(null))
      .open();
    setInterval(() => this.#showDelay(), 1_000);
  }

  /** The room hears of a broadcast when there is a picture; the desk hears of it before. */
  #follow(stream) {
    this.#stage.show(stream);
    write(this.#root.querySelector("[data-status-text]"), STATES[stream?.status] ?? NOTHING_ON);
    if (stream?.status === "LIVE") this.#hideRefusal();
    const phase = phaseOf(stream?.id, stream?.status);
    if (phase !== this.#phase) this.#renew(phase, stream);
  }

  /** Another broadcast or phase than these facts and buttons were made for: they come from the server, while the
   * picture, the form and the chat stay as they are. */
  async #renew(phase, stream) {
    this.#phase = phase;
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return; // a reload shows the same
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (phase !== this.#phase) return;
    for (const part of [".on-air-facts", "#broadcast .form-foot"]) {
      const [before, after] = [document, page].map((from) => from.querySelector(part));
      if (before && after) before.replaceWith(document.adoptNode(after));
    }
    this.#stage.show(stream);
  }

  /** From the ingest to this preview, which is what a viewer gets. */
  #showDelay() {
    const { delay } = this.#stage.player;
    write(this.#root.querySelector("[data-health=delay]"), delay === null ? DASH : `${delay.toFixed(1)} s`);
  }

  #showHealth(health) {
    clearTimeout(this.#deaf);
    for (const box of this.#root.querySelectorAll("[data-health]")) {
      const figure = FIGURES[box.dataset.health];
      if (figure) box.textContent = figure(health) || DASH;
    }
    this.#root.dataset.encoder = health.connected ? "connected" : "gone";
    if (health.connected) this.#deaf = setTimeout(() => this.#showHealth({ connected: false }), DEAF_MS);
  }

  #showRefusal({ message, at }) {
    const box = this.#root.querySelector("[data-refusal]");
    if (!box) return;
    write(box.querySelector("[data-refusal-message]"), message);
    write(box.querySelector("[data-refusal-at]"), ` at ${new Date(at).toLocaleTimeString()}`);
    box.hidden = false;
  }

  /** The encoder is in: what was wrong before has been put right. */
  #hideRefusal() {
    this.#root.querySelector("[data-refusal]")?.setAttribute("hidden", "");
  }
}

/** What people call a codec string (RFC 6381): avc1.42c01e is H.264. */
function codecName(codec) {
  return { avc1: "H.264", avc3: "H.264", mp4a: "AAC" }[codec.split(".")[0]] ?? codec;
}

/** What buttons there are depends on this: a grace period is still live. */
function phaseOf(streamId, status) {
  if (!streamId) return "none";
  return `${streamId} ${["LIVE", "ENDING"].includes(status) ? "live" : "announced"}`;
}

function write(element, words) {
  if (element) element.textContent = words;
}

const root = document.querySelector("[data-dashboard]");
if (root) new Desk(root);
