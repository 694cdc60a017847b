/** The creator's desk: what the encoder sends, what was refused, and the room beside it. */
import { Room } from "./chat/room.js";
import { hours } from "./clock.js";
import { HealthPanel } from "./health/panel.js";
import { Socket } from "./socket.js";
import { Stage } from "./stage.js";

const DASH = "–";
const TRY_AGAIN_MS = 5_000;
const PATIENCE_MS = 20_000;

const STATES = {
  OFFLINE: "Announced. Waiting for your encoder.",
  LIVE: "You are live.",
  ENDING: "Your encoder is away.",
};
const NOTHING_ON = "Start your encoder to go live, or announce the stream first.";

class Desk {
  #root;
  #stage;
  #health;
  #phase;
  #stream = null;
  #over = null; // the broadcast that has ended: the node may report it once more

  /** @param {HTMLElement} root the `[data-dashboard]` element */
  constructor(root) {
    this.#root = root;
    const player = root.querySelector("[data-player]");
    const chat = document.querySelector("[data-chat]");
    // The crew are no viewers of their own picture.
    player.dataset.preview = "";
    chat.dataset.watch = "0";
    this.#stage = new Stage({ player, room: new Room(chat), around: document });
    const { channelSlug, ticket, streamId } = root.dataset;
    this.#phase = phaseOf(streamId, player.dataset.status);
    const health = root.querySelector("[data-health-panel]"); // a hosted provider tells nothing of it
    this.#health = health && new HealthPanel(health);
    this.#followHealth(streamId, player.dataset.status);
    new Socket({ path: `/ws/dashboard/${encodeURIComponent(channelSlug)}`, ticket, signedIn: true })
      .on("stream:health-update", (health) => this.#showHealth(health))
      .on("stream:refused", (refusal) => this.#showRefusal(refusal))
      .on("stream:started", ({ stream }) => this.#follow(stream))
      .on("stream:updated", ({ stream }) => this.#follow(stream))
      .on("stream:ended", ({ streamId }) => this.#end(streamId))
      .open();
    setInterval(() => this.#showDelay(), 1_000);
  }

  /** The room hears of a broadcast when there is a picture; the desk hears of it before. */
  #follow(stream) {
    const { status: before } = this.#root.querySelector("[data-player]").dataset;
    this.#stream = stream;
    this.#stage.show(stream);
    this.#followHealth(stream?.id ?? null, stream?.status);
    write(this.#root.querySelector("[data-status-text]"), STATES[stream?.status] ?? NOTHING_ON);
    if (stream?.status === "LIVE" && before !== "LIVE") this.#hideRefusal();
    const phase = phaseOf(stream?.id, stream?.status);
    if (phase !== this.#phase) this.#renew(phase);
  }

  #end(streamId) {
    this.#over = streamId;
    this.#follow(null);
  }

  /** Another broadcast or phase than these facts and buttons were made for: they come from the server, while the
   * picture, the form and the chat stay as they are. */
  async #renew(phase) {
    this.#phase = phase;
    const page = await pageAnew().catch(() => null);
    if (phase !== this.#phase) return;
    // Without its button nobody could end the stream.
    if (!page) return setTimeout(() => phase === this.#phase && this.#renew(phase), TRY_AGAIN_MS);
    for (const part of [".on-air-facts", "#broadcast .form-foot", "#door"]) {
      const [before, after] = [document, page].map((from) => from.querySelector(part));
      if (before && after) before.replaceWith(document.adoptNode(after));
    }
    this.#stage.show(this.#stream);
  }

  /** From the ingest to this preview, which is what a viewer gets. */
  #showDelay() {
    const { delay } = this.#stage.player;
    write(this.#root.querySelector("[data-delay-here]"), delay === null ? DASH : `${delay.toFixed(1)} s`);
  }

  /** Reports come before the first picture does; the panel follows whatever is reported. */
  #showHealth(health) {
    if (!this.#health || health.streamId === this.#over) return;
    this.#health.follow(health.streamId);
    this.#health.show(health);
    this.#root.dataset.encoder = health.connected ? "connected" : "gone";
  }

  #followHealth(streamId, status) {
    if (!this.#health) return;
    const isLive = ["LIVE", "ENDING"].includes(status);
    // An announced stream whose encoder sends already is one that reports tell of.
    if (isLive || this.#health.streamId !== streamId) this.#health.follow(isLive ? streamId : null);
  }

  #showRefusal({ message, at }) {
    const box = this.#root.querySelector("[data-refusal]");
    if (!box) return;
    write(box.querySelector("[data-refusal-message]"), message);
    write(box.querySelector("[data-refusal-at]"), ` at ${hours(at)}`);
    box.hidden = false;
  }

  /** The encoder is in: what was wrong before has been put right. */
  #hideRefusal() {
    this.#root.querySelector("[data-refusal]")?.setAttribute("hidden", "");
  }
}

/** This page as the server makes it now. Rejects when it can't be had. */
async function pageAnew() {
  const options = { signal: AbortSignal.timeout(PATIENCE_MS) };
  const answer = await fetch(location.href, options);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
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
