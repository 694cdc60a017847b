/** The moving picture itself: hls.js (or the browser's own HLS) on one video element, kept alive through
 * lost networks, restarted encoders, restarted servers and expired grants. */
import { ApiError } from "../api.js";
import { Backoff } from "../backoff.js";
import { steer } from "./governor.js";
import { createHls, loadLibrary } from "./library.js";
import { Watchdog } from "./watchdog.js";

const LOOK_MS = 250;
const WAKING_MS = 300; // a player that was only waiting moves by then
const NEAR_EDGE = 1; // seconds behind the target that are still "live" to a viewer
const SETTLING_MS = 4_000;
const CALM_MS = 60_000; // so long without a stall: take back what stalls have added to the distance
const MEDIA_REPAIRS = 2; // attempts to mend a decoder in MEDIA_REPAIR_MS before starting over
const MEDIA_REPAIR_MS = 15_000;

export class Source {
  #video;
  #grant;
  #report;
  #Hls = null;
  #hls = null;
  #wanted = false;
  #opening = 0;
  #backoff = new Backoff({ first: 500, most: 8_000 });
  #watchdog = new Watchdog();
  #timers = { look: 0, retry: 0, poke: 0 };
  #repairs = [];
  #stalledAt = 0;
  #settledAt = 0; // when playing has become too steady to skip anything; 0 before the first frame
  #deliberate = false; // the viewer chose to be behind
  #waiting = false; // the encoder is away: a still picture is to be expected

  /**
   * @param {HTMLVideoElement} video
   * @param {import("./grants.js").Grant} grant
   * @param {(event: "attached"|"flowing"|"trouble"|"nothing"|"finished"|"unsupported", error?: Error) => void} report
   */
  constructor(video, grant, report) {
    this.#video = video;
    this.#grant = grant;
    this.#report = report;
  }

  /** Load and keep loading until `stop`. */
  start() {
    this.#wanted = true;
    this.#video.addEventListener("playing", this.#flows);
    window.addEventListener("online", this.#hurry);
    this.#timers.look = setInterval(() => this.#look(), LOOK_MS);
    this.#grant.keepFresh();
    this.#open();
  }

  stop() {
    this.#wanted = false;
    this.#opening += 1;
    this.#video.removeEventListener("playing", this.#flows);
    window.removeEventListener("online", this.#hurry);
    clearInterval(this.#timers.look);
    this.#cancelRetry();
    clearTimeout(this.#timers.poke);
    this.#grant.stop();
    this.#release();
  }

  /** The encoder went away: wait for it without shaking the player. */
  waitForEncoder() {
    this.#waiting = true;
  }

  /** Somebody knows that there is media: if this player waits for some, in whatever way, let it look now. */
  mediaIsThere() {
    const wasWaiting = this.#waiting;
    this.#waiting = false;
    if (this.#timers.retry) {
      this.#backoff.reset();
      this.#reopen();
    } else if (wasWaiting) {
      this.#watchdog.rest(Date.now());
      this.#openUnlessMoving();
    }
  }

  /** A reload that waited for the encoder has been answered by now, or hls.js has given it up and pauses. */
  #openUnlessMoving() {
    const stoodAt = this.#video.currentTime;
    clearTimeout(this.#timers.poke);
    this.#timers.poke = setTimeout(() => {
      if (this.#wanted && !this.#video.paused && this.#video.currentTime === stoodAt) this.#open();
    }, WAKING_MS);
  }

  /** Seconds between the live edge and the picture, null while unknown. */
  get latency() {
    const latency = this.#hls?.latency;
    return latency > 0 ? latency : null;
  }

  /** When the frame on screen passed the ingest, in milliseconds since the epoch of the server's clock. */
  get shownAt() {
    return this.#hls?.playingDate?.getTime() ?? this.#nativeDate();
  }

  get isBehind() {
    return this.#deliberate;
  }

  /** The viewer paused or went back: do not pull them forward again until they ask. */
  allowBehind() {
    this.#deliberate = true;
  }

  /** Back (or forward again) within the live window; past the edge means: live. */
  seekBy(seconds) {
    const { seekable, currentTime } = this.#video;
    if (!seekable.length) return;
    const target = Math.max(seekable.start(0) + 1, currentTime + seconds);
    if (seconds > 0 && target > seekable.end(seekable.length - 1) - 1) return this.toLiveEdge();
    this.#deliberate = true;
    this.#video.currentTime = target;
  }

  toLiveEdge() {
    this.#deliberate = false;
    const edge = this.#hls ? this.#hls.liveSyncPosition : this.#seekableEnd();
    if (Number.isFinite(edge)) this.#video.currentTime = edge;
  }

  async #open() {
    const opening = ++this.#opening;
    this.#cancelRetry();
    try {
      const [Hls] = await Promise.all([loadLibrary(), this.#grant.isStale ? this.#grant.renew() : null]);
      if (!this.#wanted || opening !== this.#opening) return;
      this.#attach(Hls);
    } catch (error) {
      if (this.#wanted && opening === this.#opening) this.#failed(error);
    }
  }

  /** hls.js wherever it runs: Chromium claims native HLS too and plays it seconds late. */
  #attach(Hls) {
    this.#release();
    this.#settledAt = 0;
    this.#deliberate = false; // it begins at the edge
    this.#watchdog.rest(Date.now());
    if (Hls.isSupported()) return this.#attachLibrary(Hls);
    if (this.#video.canPlayType("application/vnd.apple.mpegurl")) return this.#attachNative();
    this.#wanted = false;
    this.#report("unsupported");
  }

  #attachLibrary(Hls) {
    const hls = createHls(Hls, this.#grant);
    this.#Hls = Hls;
    this.#hls = hls;
    hls.on(Hls.Events.ERROR, (_, data) => hls === this.#hls && this.#erred(data));
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
      if (hls === this.#hls && !details.live) this.#report("finished");
    });
    hls.loadSource(this.#grant.url);
    hls.attachMedia(this.#video);
    this.#report("attached");
  }

  #attachNative() {
    this.#video.src = this.#grant.url;
    this.#video.onerror = () => this.#failed(new Error("media error"));
    this.#video.onended = () => this.#report("finished");
    this.#report("attached");
  }

  #release() {
    const hls = this.#hls;
    this.#hls = null;
    hls?.destroy();
    this.#video.onerror = this.#video.onended = null;
    if (!this.#video.getAttribute("src")) return;
    this.#video.removeAttribute("src");
    this.#video.load(); // only now is the last picture let go
  }

  #erred(data) {
    const { ErrorDetails, ErrorTypes } = this.#Hls;
    if (data.details === ErrorDetails.BUFFER_STALLED_ERROR) this.#stalledAt = Date.now();
    const status = data.response?.code;
    if (status === 401 || status === 403) return this.#renewAndReopen();
    if (!data.fatal) return;
    if (data.type === ErrorTypes.MEDIA_ERROR && this.#mayRepair()) return this.#hls.recoverMediaError();
    this.#failed(data.error ?? new Error(data.details));
  }

  #mayRepair() {
    const now = Date.now();
    this.#repairs = this.#repairs.filter((at) => now - at < MEDIA_REPAIR_MS);
    return this.#repairs.push(now) <= MEDIA_REPAIRS;
  }

  async #renewAndReopen() {
    const hls = this.#hls;
    try {
      await this.#grant.renew();
      if (hls === this.#hls) this.#open();
    } catch (error) {
      if (hls === this.#hls) this.#failed(error);
    }
  }

  #failed(error) {
    this.#hls?.stopLoad();
    const nothing = error instanceof ApiError && [404, 409].includes(error.status);
    this.#report(nothing ? "nothing" : "trouble", error);
    if (!this.#wanted) return;
    const wait = Math.max(this.#backoff.next(), (error.retryAfter ?? 0) * 1000);
    this.#cancelRetry();
    this.#timers.retry = setTimeout(() => this.#reopen(), wait);
  }

  #cancelRetry() {
    clearTimeout(this.#timers.retry);
    this.#timers.retry = 0;
  }

  /** Begin again, asking first what the server says now: the broadcast may have ended meanwhile. */
  #reopen() {
    this.#cancelRetry();
    this.#grant.renew().then(
      () => this.#wanted && this.#open(),
      (error) => this.#wanted && this.#failed(error),
    );
  }

  #hurry = () => {
    this.#backoff.reset();
    if (this.#timers.retry) this.#reopen();
  };

  #flows = () => {
    this.#backoff.reset();
    this.#settledAt ||= Date.now() + SETTLING_MS;
    this.#report("flowing");
  };

  #look() {
    const video = this.#video;
    const expected = !video.paused && !this.#waiting && this.#hls !== null;
    const remedy = this.#watchdog.look(video.currentTime, Date.now(), expected);
    if (remedy === "skip") this.#skipHole();
    if (remedy === "edge") this.#loadFromEdge();
    if (remedy === "reopen") this.#failed(new Error("the picture stands still"));
    if (this.#hls && !video.paused && video.readyState >= 3) this.#steer();
  }

  #steer() {
    const { latency, targetLatency: target } = this.#hls;
    const video = this.#video;
    if (latency - target < NEAR_EDGE) this.#deliberate = false;
    if (this.#deliberate || !(latency > 0) || !(target > 0)) {
      video.playbackRate = 1;
      return;
    }
    this.#forgetOldStalls();
    const settling = Date.now() < this.#settledAt;
    const buffered = this.#bufferedAhead();
    const { rate, jump } = steer({ latency, target, buffered, rate: video.playbackRate, settling });
    if (jump) this.toLiveEdge();
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  /** Each stall moves hls.js a little away from the edge; a calm minute moves it back. */
  #forgetOldStalls() {
    if (!this.#stalledAt || Date.now() - this.#stalledAt < CALM_MS) return;
    const details = this.#hls.latestLevelDetails;
    const holdBack = details?.partHoldBack || details?.holdBack;
    if (holdBack) this.#hls.targetLatency = holdBack;
    this.#stalledAt = 0;
  }

  #bufferedAhead() {
    const { buffered, currentTime } = this.#video;
    for (let index = 0; index < buffered.length; index += 1) {
      if (buffered.start(index) <= currentTime + 0.05 && currentTime < buffered.end(index)) {
        return buffered.end(index) - currentTime;
      }
    }
    return 0;
  }

  #skipHole() {
    const { buffered, currentTime } = this.#video;
    for (let index = 0; index < buffered.length; index += 1) {
      if (buffered.start(index) > currentTime) {
        this.#video.currentTime = buffered.start(index) + 0.01;
        return;
      }
    }
  }

  #loadFromEdge() {
    this.#report("trouble", new Error("the picture stands still"));
    this.#hls?.startLoad(-1);
    this.toLiveEdge();
  }

  #seekableEnd() {
    const { seekable } = this.#video;
    return seekable.length ? seekable.end(seekable.length - 1) : NaN;
  }

  #nativeDate() {
    const start = this.#video.getStartDate?.().getTime();
    return Number.isFinite(start) ? start + this.#video.currentTime * 1000 : null;
  }
}
