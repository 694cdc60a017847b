/** The player on a page: what the state of the broadcast means for the picture, and what is said about it. */
import { load } from "../load.js";
import { Controls } from "./controls.js";
import { Grant } from "./grants.js";
import { loadLibrary } from "./library.js";
import { Previews } from "./previews.js";
import { Source } from "./source.js";

const PATIENCE_MS = 700; // a shorter wait for data is not worth a word

/** What the overlay says: a title, and how things go on. */
const WORDS = {
  idle: null,
  playing: null,
  paused: null,
  loading: ["Starting the picture", ""],
  buffering: ["Waiting for the picture", "It goes on by itself as soon as there is more of it."],
  reconnecting: ["Connection lost", "Trying again by itself."],
  announced: ["Starting soon", "The picture appears here as soon as it is sent."],
  offline: ["Offline", "The picture starts here by itself when the channel goes live."],
  ended: ["This broadcast has ended", "The picture starts here by itself when the channel goes live again."],
  barred: ["You are banned from this channel"],
  blocked: ["Ready to play", "Your browser asks for a click first."],
  error: ["This browser cannot play live video", "A current Firefox, Chrome, Edge or Safari can."],
};

export class Player {
  #root;
  #video;
  #clock;
  #onNothing;
  #source = null;
  #previews = null;
  #witness = null;
  #streamId = null;
  #controls;
  #patience = 0;
  #endsAt = null;
  #wanted = true; // the viewer has not paused
  state = "idle";

  /** @param {HTMLElement} root the `[data-player]` section
   * @param {import("../clock.js").ServerClock} clock
   * @param {{onNothing?: () => void}} [deeds] `onNothing` hears that the server has nothing more to play, which those
   * who know the broadcast's state should look into */
  constructor(root, clock, { onNothing = () => {} } = {}) {
    this.#root = root;
    this.#clock = clock;
    this.#onNothing = onNothing;
    this.#video = root.querySelector("video");
    this.#controls = new Controls(root, this.#video, {
      play: () => this.resume(),
      pause: () => this.pause(),
      live: () => this.#goLive(),
      seekTo: (position) => this.#source?.seekTo(position),
      seekBy: (seconds) => this.#source?.seekBy(seconds),
      range: () => this.#source?.range ?? null,
      isBehind: () => this.#source?.isBehind ?? false,
      preview: (position) => this.#previews?.of(this.#source.range.dateOf(position)) ?? null,
      canChoose: () => this.#source?.canChoose ?? false,
      qualities: {
        list: () => this.#source?.qualities() ?? [],
        wanted: () => this.#source?.quality.wanted,
        choose: (name) => this.#source?.choose(name),
      },
      stats: () => this.#source && { ...this.#source.stats, delay: this.delay },
    });
    this.#listen();
    this.#preload();
    // Of a channel that is off the server knows more: what it wrote stays.
    if (!["LIVE", "ENDING"].includes(root.dataset.status)) {
      if (root.dataset.streamId) this.state = "announced";
      return;
    }
    this.follow({
      id: root.dataset.streamId || null,
      status: root.dataset.status,
      hlsUrl: root.dataset.hlsUrl || "",
      endsAt: root.dataset.endsAt || null,
    });
  }

  /** Bring the picture in line with a broadcast of the API; null means nothing is on. */
  follow(stream) {
    const status = stream?.status ?? "OFFLINE";
    this.#root.dataset.status = status;
    if (status === "LIVE") return this.#play(stream);
    if (status === "ENDING") return this.#hold(stream);
    this.#finish(stream);
  }

  get streamId() {
    return this.#streamId;
  }

  /** When the frame on screen passed the ingest, in ms of the server's clock; null while unknown. */
  get shownAt() {
    return this.#source?.shownAt ?? null;
  }

  /** Seconds from ingest to eye, null while nothing is shown. */
  get delay() {
    if (!this.#source || this.#video.readyState < 2) return null;
    const shownAt = this.#source.shownAt;
    const delay = shownAt === null ? NaN : (this.#clock.now() - shownAt) / 1000;
    // A clock that is off by more than a broadcast window tells nothing: fall back on the playlist's edge.
    return delay > 0 && delay < 120 ? delay : this.#source.latency;
  }

  /** Of who went back on purpose, the delay tells nothing about the stream. */
  #honestDelay() {
    return this.#source?.isBehind ? null : this.delay;
  }

  /** Play, or go on playing where the viewer paused. */
  resume() {
    this.#wanted = true;
    if (!this.#source) return;
    this.#source.comeIntoRange();
    this.#startPlayback();
  }

  pause() {
    this.#wanted = false;
    this.#source?.allowBehind();
    this.#video.pause();
  }

  #play({ id, hlsUrl }) {
    this.#endsAt = null;
    if (!this.#source || id !== this.#streamId) return this.#begin(id, hlsUrl);
    if (!this.#wanted) this.#show("paused"); // nothing will play by itself and take the words away
    this.#source.mediaIsThere();
  }

  /** The encoder is away, and may come back. */
  #hold({ id, hlsUrl, endsAt }) {
    this.#endsAt = endsAt ?? null;
    if (!this.#source || id !== this.#streamId) this.#begin(id, hlsUrl);
    this.#source.waitForEncoder();
    if (this.state !== "playing") this.#show("reconnecting");
  }

  #begin(id, hlsUrl) {
    this.#source?.stop();
    this.#witness?.stop();
    this.#streamId = id;
    this.#root.dataset.streamId = id;
    const lifeSeconds = Number(this.#root.dataset.grantSeconds) || undefined;
    const isPreview = "preview" in this.#root.dataset;
    const { grantPath: path, storyboardUrl } = this.#root.dataset;
    // The page carries the stills of the broadcast that it was made for.
    const stills = hlsUrl && hlsUrl === this.#root.dataset.hlsUrl ? storyboardUrl : "";
    const grant = new Grant({ streamId: id, url: hlsUrl ?? "", stills, lifeSeconds, isPreview, path });
    this.#previews = new Previews(() => grant.stills);
    this.#source = new Source(this.#video, grant, (event) => this.#heard(event));
    this.#show("loading");
    this.#wanted = true;
    this.#source.start();
    this.#witness = null;
    // What the crew sees of its own picture is no viewer's.
    if (!isPreview && !path) this.#testify(id);
  }

  async #testify(id) {
    const [{ Witness }, { Diary }] = await Promise.all([load("player/witness.js"), load("player/diary.js")]);
    if (id !== this.#streamId || this.#witness) return; // another broadcast by now, or begun anew
    this.#witness = new Witness(this.#video, id, new Diary(), () => this.#honestDelay());
  }

  /** Nothing to show: it is over, not there yet, or never was. */
  #finish(stream) {
    const waits = stream?.status === "OFFLINE";
    if (waits && this.state === "announced") return; // the page has words of its own
    if (waits) this.#letGo("announced");
    else if (this.#source || stream) this.#letGo("ended");
    else if (this.state !== "idle") this.#letGo("offline");
  }

  #letGo(state) {
    this.#source?.stop();
    this.#source = null;
    this.#witness?.stop();
    this.#witness = null;
    this.#streamId = null;
    this.#endsAt = null;
    this.#show(state);
  }

  async #startPlayback() {
    const outcome = await this.#controls.startPlayback();
    if (outcome === "blocked" && this.#source) this.#show("blocked");
  }

  #goLive() {
    this.#source?.toLiveEdge();
    this.resume();
  }

  #heard(event) {
    if (event === "attached") this.#attached();
    if (event === "flowing") this.#flows();
    if (event === "unsupported") this.#show("error");
    if (event === "barred") this.#letGo(event);
    if (event === "trouble" || event === "nothing") this.#show("reconnecting");
    if (event === "finished" || (event === "nothing" && !this.#endsAt)) this.#onNothing();
  }

  #attached() {
    if (this.#wanted) this.#startPlayback();
    else this.#show("paused");
  }

  #flows() {
    clearTimeout(this.#patience);
    if (this.#source && !this.#video.paused && this.state !== "playing") this.#show("playing");
  }

  #listen() {
    const video = this.#video;
    video.addEventListener("waiting", () => this.#stall());
    video.addEventListener("timeupdate", () => video.readyState >= 3 && this.#flows());
    video.addEventListener("play", () => (this.#wanted = true));
    video.addEventListener("pause", () => this.#paused());
    document.addEventListener("visibilitychange", () => this.#returned());
    window.addEventListener("pageshow", (event) => event.persisted && this.#returned());
    setInterval(() => this.#tick(), 1_000);
  }

  #stall() {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      if (!this.#source || this.#video.paused || this.#video.readyState >= 3) return;
      if (this.#endsAt) this.#show("reconnecting");
      else if (this.state === "playing") this.#show("buffering");
    }, PATIENCE_MS);
  }

  /** By our button, a headset's, a small window's or the lock screen's: it stays so in a new source. */
  #paused() {
    const { ended, readyState } = this.#video;
    if (!this.#source || ended) return;
    if (readyState > 0) this.#wanted = false; // else the old source was taken away
    this.#show("paused");
  }

  /** A page in the background falls behind: come back to the edge unless paused there. */
  #returned() {
    if (document.visibilityState === "hidden" || !this.#source || this.#video.paused) return;
    if (!this.#source.isBehind && this.#source.latency > 3) this.#source.toLiveEdge();
  }

  #tick() {
    this.#controls.showDelay(this.delay);
    this.#root.dataset.quality = this.#source?.quality.shown ?? "";
    if (this.#endsAt && this.state === "reconnecting") this.#say(this.#interrupted());
  }

  /** What the slate says while the encoder is away. */
  #interrupted() {
    const left = Math.ceil((Date.parse(this.#endsAt) - this.#clock.now()) / 1000);
    const wait = left > 0 ? ` Waiting up to ${left} s for them.` : "";
    return ["The stream will be back in a moment", `The broadcaster lost their connection.${wait}`];
  }

  #show(state) {
    clearTimeout(this.#patience);
    this.state = state;
    this.#root.dataset.state = state;
    this.#root.toggleAttribute("data-playing", this.#source !== null && this.#video.readyState >= 2);
    this.#root.querySelector("[data-action=start]")?.toggleAttribute("hidden", state !== "blocked");
    const isAway = state === "reconnecting" && this.#endsAt !== null;
    this.#root.toggleAttribute("data-away", isAway);
    this.#say(isAway ? this.#interrupted() : WORDS[state]);
  }

  /** @param {[string, string]|null} words a title and a line, or nothing to say */
  #say(words) {
    const box = this.#root.querySelector("[data-player-message]");
    if (!box) return;
    box.hidden = words === null;
    box.dataset.kind = words === null ? "" : kindOf(this.state, this.#endsAt);
    const [title, line = ""] = words ?? [""];
    write(box.querySelector("[data-message-title]"), title);
    write(box.querySelector("[data-message-text]"), line);
  }

  /** So that a broadcast that starts can be shown at once. */
  #preload() {
    const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 200));
    idle(() => loadLibrary().catch(() => {}));
  }
}

/** Buffering looks like loading; nothing turns while the encoder is away. */
function kindOf(state, endsAt) {
  if (state === "reconnecting" && endsAt) return "away";
  return state === "buffering" ? "loading" : state;
}

function write(element, words) {
  if (element && element.textContent !== words) element.textContent = words;
}
