/** Buttons, volume and touch of one player. What they do to the broadcast is the player's business. */
import { load } from "../load.js";
import { recall, remember } from "../stored.js";
import { Keys } from "./keys.js";
import { SeekBar, onClock } from "./seek-bar.js";

const IDLE_MS = 3_000;
const STEP = 0.05;
const SEEK = 5; // seconds
const SEEK_FAR = 10;

export class Controls {
  #root;
  #video;
  #deeds;
  #actions;
  #idle = 0;
  #seekBar = null;
  #stats = null;
  #qualities = null;
  #byFinger = false;
  #wakesOnly = false;

  /**
   * @param {HTMLElement} root
   * @param {HTMLVideoElement} video
   * @param {{play: Function, pause: Function, live: Function, seekTo: (position: number) => void,
   *   seekBy: (seconds: number) => void, range: () => import("./range.js").Range|null, isBehind: () => boolean,
   *   preview: (position: number) => Node|null, stats: () => object|null, canChoose: () => boolean,
   *   qualities: {list: Function, wanted: Function, choose: Function}}} deeds
   */
  constructor(root, video, deeds) {
    this.#root = root;
    this.#video = video;
    this.#deeds = deeds;
    this.#actions = {
      play: () => (video.paused ? deeds.play() : deeds.pause()),
      start: () => deeds.play(),
      live: () => {
        deeds.live();
        this.#drawEdge();
      },
      back: () => this.#seekBy(-SEEK),
      forward: () => this.#seekBy(SEEK),
      farBack: () => this.#seekBy(-SEEK_FAR),
      farForward: () => this.#seekBy(SEEK_FAR),
      oldest: () => this.#seekBy(-Infinity),
      stats: () => this.#toggleStats(),
      quality: () => deeds.canChoose() && this.#toggleQualities(),
      mute: () => this.#setMuted(!video.muted),
      unmute: () => this.#setMuted(false),
      louder: () => this.#setVolume(video.volume + STEP),
      quieter: () => this.#setVolume(video.volume - STEP),
      fullscreen: () => this.#toggleFullscreen(),
      pip: () => this.#togglePictureInPicture(),
      theatre: () => this.#toggleTheatre(),
      keys: () => keys.toggleHelp(),
    };
    const keys = new Keys(root, (action) => {
      this.#actions[action]();
      this.#wake();
    });
    const bar = root.querySelector("[data-seek]");
    if (bar) this.#seekBar = new SeekBar(bar, { ...deeds, position: () => video.currentTime });
    this.#recallVolume();
    this.#listen();
    this.#hideUnsupported();
    this.#draw();
  }

  /** Start the video with the sound the viewer last had; where the browser forbids that, without sound and
   * with a button that offers it. Resolves to "playing" or "blocked". */
  async startPlayback() {
    const video = this.#video;
    try {
      await video.play();
    } catch (error) {
      if (error.name !== "NotAllowedError") return "playing"; // interrupted by a reload: the source goes on
      if (video.muted) return "blocked";
      video.muted = true;
      return this.startPlayback();
    }
    return "playing";
  }

  /** @param {number|null} seconds behind the camera's arrival at the server; null hides the figure */
  showDelay(seconds) {
    const box = this.#root.querySelector("[data-delay]");
    if (box) box.textContent = seconds === null ? "" : seconds < 60 ? `${seconds.toFixed(1)} s behind` : onClock(seconds);
    this.#drawEdge();
  }

  #listen() {
    const root = this.#root;
    root.addEventListener("pointerdown", (event) => this.#touched(event), { capture: true });
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("dblclick", (event) => {
      if (event.target === this.#video) this.#actions.fullscreen();
    });
    root.querySelector("[data-volume]")?.addEventListener("input", ({ target }) => {
      this.#setVolume(target.valueAsNumber / (Number(target.max) || 100));
    });
    for (const type of ["pointermove", "pointerdown", "focusin", "keydown"]) {
      root.addEventListener(type, () => this.#wake(), { passive: true });
    }
    this.#video.addEventListener("playing", () => this.#wake());
    root.addEventListener("pointerleave", () => this.#rest());
    document.addEventListener("fullscreenchange", () => this.#draw());
    for (const type of ["timeupdate", "seeking", "durationchange"]) {
      this.#video.addEventListener(type, () => this.#drawEdge());
    }
    const pip = ["enterpictureinpicture", "leavepictureinpicture"];
    for (const type of ["play", "pause", "emptied", "volumechange", ...pip]) {
      this.#video.addEventListener(type, () => this.#draw());
    }
  }

  /** The first touch of a resting player only brings the controls back: they cannot be seen, so they cannot be
   * meant. */
  #touched({ pointerType }) {
    this.#byFinger = pointerType === "touch";
    this.#wakesOnly = this.#byFinger && this.#root.hasAttribute("data-idle");
  }

  #clicked(event) {
    if (this.#wakesOnly) return;
    const button = event.target.closest("[data-action]");
    if (button && this.#root.contains(button)) return this.#actions[button.dataset.action]?.();
    // A mouse on the picture pauses; a finger only calls the controls, which `pointerdown` has done.
    if (event.target === this.#video && !this.#byFinger) this.#actions.play();
  }

  #seekBy(seconds) {
    this.#deeds.seekBy(seconds);
    this.#drawEdge();
  }

  async #toggleStats() {
    const panel = this.#root.querySelector("[data-stats]");
    if (!panel) return;
    const { StatsPanel } = await load("player/stats-panel.js");
    this.#stats ??= new StatsPanel(panel, this.#deeds.stats);
    this.#stats.toggle();
    this.#draw();
  }

  async #toggleQualities() {
    const box = this.#root.querySelector("[data-qualities]");
    if (!box) return;
    const { QualityMenu } = await load("player/quality-menu.js");
    this.#qualities ??= new QualityMenu(box, this.#button("quality"), this.#deeds.qualities);
    await this.#qualities.toggle();
  }

  #setMuted(muted) {
    this.#video.muted = muted;
    if (!muted && this.#video.volume === 0) this.#video.volume = 0.5;
    this.#keepVolume();
  }

  #setVolume(volume) {
    this.#video.volume = Math.min(1, Math.max(0, volume));
    this.#video.muted = this.#video.volume === 0;
    this.#keepVolume();
  }

  #keepVolume() {
    remember("volume", { volume: this.#video.volume, muted: this.#video.muted });
    this.#draw(); // `volumechange` comes later, and a button answers at once
  }

  /** Silent until the viewer has once asked for sound: a page that shouts is closed. */
  #recallVolume() {
    const { volume, muted } = recall("volume", { volume: 0.8, muted: true });
    this.#video.volume = volume;
    this.#video.muted = muted;
  }

  #toggleFullscreen() {
    if (document.fullscreenElement) return document.exitFullscreen();
    if (this.#root.requestFullscreen) return this.#root.requestFullscreen().catch(() => {});
    this.#video.webkitEnterFullscreen?.(); // iPhones give only the video itself
  }

  #togglePictureInPicture() {
    if (document.pictureInPictureElement) return document.exitPictureInPicture();
    return this.#video.requestPictureInPicture?.().catch(() => {});
  }

  #toggleTheatre() {
    document.body.classList.toggle("theatre");
    this.#draw();
  }

  #hideUnsupported() {
    if (!document.pictureInPictureEnabled) this.#button("pip")?.setAttribute("hidden", "");
  }

  #wake() {
    this.#root.removeAttribute("data-idle");
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#rest(), IDLE_MS);
  }

  #rest() {
    const busy = this.#root.querySelector(".player-controls :focus-visible");
    if (!this.#video.paused && !busy) this.#root.setAttribute("data-idle", "");
  }

  #draw() {
    const { paused, muted, volume } = this.#video;
    const full = document.fullscreenElement === this.#root;
    const theatre = document.body.classList.contains("theatre");
    this.#root.toggleAttribute("data-paused", paused);
    this.#root.toggleAttribute("data-muted", muted);
    this.#root.toggleAttribute("data-fullscreen", full);
    this.#name("play", paused ? "Play" : "Pause", "k");
    this.#name("mute", muted ? "Unmute" : "Mute", "m", muted);
    this.#name("fullscreen", full ? "Leave full screen" : "Full screen", "f", full);
    this.#name("theatre", theatre ? "Leave theatre view" : "Theatre view", "t", theatre);
    const small = document.pictureInPictureElement === this.#video;
    this.#name("pip", "Picture in picture", "p", small);
    this.#name("stats", this.#stats?.isOpen ? "Hide statistics" : "Statistics", "i", this.#stats?.isOpen ?? false);
    this.#button("quality")?.toggleAttribute("data-off", !this.#deeds.canChoose());
    this.#button("unmute")?.toggleAttribute("hidden", !muted || paused);
    const slider = this.#root.querySelector("[data-volume]");
    if (slider) slider.value = (muted ? 0 : volume) * (Number(slider.max) || 100);
    this.#drawEdge();
  }

  #drawEdge() {
    const behind = this.#deeds.isBehind();
    this.#button("live")?.toggleAttribute("data-behind", behind);
    this.#name("live", behind ? "Go to the live edge" : "At the live edge", "End");
    this.#seekBar?.draw();
  }

  /** Icons follow the root's attributes by CSS; names and pressed states are for those who do not see them. */
  #name(action, label, key, pressed = undefined) {
    const button = this.#button(action);
    if (!button) return;
    button.setAttribute("aria-label", label);
    button.title = `${label} (${key})`;
    if (pressed !== undefined) button.setAttribute("aria-pressed", String(pressed));
  }

  #button(action) {
    return this.#root.querySelector(`[data-action=${action}]`);
  }
}
