/** The moving picture itself: hls.js (or the browser's own HLS) on one video element, kept alive through
 * lost networks, restarted encoders, restarted servers and expired grants. */
import { ApiError } from "../api.js";
import { Backoff } from "../backoff.js";
import { load } from "../load.js";
import { Arrivals } from "./arrivals.js";
import { bufferedAhead, nextStretch } from "./buffer.js";
import { steer } from "./governor.js";
import { createHls, loadLibrary } from "./library.js";
import { Range } from "./range.js";
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
  #refused = null; // the last player that a grant was refused to, until something is shown again
  #stalledAt = 0;
  #settledAt = 0; // when playing has become too steady to skip anything; 0 before the first frame
  #deliberate = false; // the viewer chose to be behind
  #returnTo = null; // the date at which such a viewer goes on in a new player
  #arrivals = new Arrivals();
  #ladder = null; // comes with the library
  #stalls = 0;
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
    this.range = new Range(video);
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
    return this.range.latency;
  }

  /** When the frame on screen passed the ingest, in milliseconds since the epoch of the server's clock. */
  get shownAt() {
    return this.range.shownAt;
  }

  /** The figures of this moment. */
  get stats() {
    const { videoWidth: width, videoHeight: height, playbackRate: rate } = this.#video;
    const { droppedVideoFrames: dropped, totalVideoFrames: frames } = this.#video.getVideoPlaybackQuality();
    const { bitrate, onTime: parts } = this.#arrivals;
    return { width, height, rate, dropped, frames, bitrate, parts, buffer: bufferedAhead(this.#video), stalls: this.#stalls };
  }

  get isBehind() {
    return this.#deliberate;
  }

  /** The viewer paused or went back: do not pull them forward again until they ask. */
  allowBehind() {
    this.#deliberate = true;
  }

  /** The qualities to choose from at this moment; none where the browser chooses by itself. */
  async qualities() {
    return this.#hls ? this.#ladder.choicesIn(this.#grant.url) : [];
  }

  get canChoose() {
    return this.#hls !== null;
  }

  /** The quality that the viewer wants, and the one that is shown. */
  get quality() {
    return { wanted: this.#ladder?.wanted, shown: this.#ladder?.shown };
  }

  choose(quality) {
    if (this.#ladder?.choose(quality) === false) this.#open();
  }

  /** Go to a second of the broadcast that can be seen; past the edge means: live. */
  seekTo(position) {
    const { oldest, live } = this.range;
    if (oldest === null || live === null) return;
    if (position > live - NEAR_EDGE) return this.toLiveEdge();
    this.#deliberate = true;
    this.#ladder?.goTo(position);
    this.#video.currentTime = Math.max(position, oldest);
  }

  seekBy(seconds) {
    this.seekTo(this.#video.currentTime + seconds);
  }

  toLiveEdge() {
    this.#deliberate = false;
    this.#returnTo = null;
    this.#settledAt = Date.now() + SETTLING_MS;
    const { live } = this.range;
    if (live !== null) this.#video.currentTime = live;
  }

  /** Who paused for longer than the broadcast reaches back goes on with the oldest there is. */
  comeIntoRange() {
    const { oldest } = this.range;
    if (this.#deliberate && oldest !== null && this.#video.currentTime < oldest) this.seekTo(oldest);
  }

  async #open() {
    const opening = ++this.#opening;
    this.#cancelRetry();
    try {
      const renewal = this.#grant.isStale ? this.#grant.renew() : null;
      const [Hls, { Ladder }] = await Promise.all([loadLibrary(), load("player/ladder.js"), renewal]);
      if (!this.#wanted || opening !== this.#opening) return;
      this.#ladder ??= new Ladder();
      this.#attach(Hls);
    } catch (error) {
      if (this.#wanted && opening === this.#opening) this.#failed(error);
    }
  }

  /** hls.js wherever it runs: Chromium claims native HLS too and plays it seconds late. */
  #attach(Hls) {
    if (this.#deliberate) this.#returnTo = this.shownAt ?? this.#returnTo;
    this.#release();
    this.#settledAt = 0;
    this.#deliberate = this.#returnTo !== null; // otherwise it begins at the edge
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
    this.range = new Range(this.#video, hls, this.#ladder);
    this.#ladder.attach(Hls, hls);
    hls.on(Hls.Events.ERROR, (_, data) => hls === this.#hls && this.#erred(data));
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
      if (hls === this.#hls && !details.live) this.#report("finished");
    });
    hls.on(Hls.Events.FRAG_LOADED, (_, data) => hls === this.#hls && this.#arrived(data));
    if (this.#returnTo !== null) hls.once(Hls.Events.LEVEL_LOADED, () => hls === this.#hls && this.#return());
    hls.loadSource(this.#ladder.addressIn(this.#grant.url));
    hls.attachMedia(this.#video);
    this.#report("attached");
  }

  #attachNative() {
    this.range = new Range(this.#video);
    this.#video.src = this.#grant.url;
    this.#video.onloadedmetadata = () => this.#return();
    this.#video.onerror = () => this.#failed(new Error("media error"));
    this.#video.onended = () => this.#report("finished");
    this.#report("attached");
  }

  /** Go on where a viewer was who had gone back. */
  #return() {
    const position = this.#returnTo === null ? null : this.range.positionOf(this.#returnTo);
    this.#returnTo = null;
    if (position === null) this.#deliberate = false;
    else if (this.#hls) this.#hls.startLoad(position);
    else this.#video.currentTime = position;
  }

  #arrived({ frag, part, payload }) {
    if (frag.sn === "initSegment") return;
    const { paused, readyState } = this.#video;
    const moving = !paused && readyState > 0 && this.#settledAt > 0 && Date.now() > this.#settledAt;
    const seconds = (part ?? frag).duration;
    this.#arrivals.add({ bytes: payload.byteLength, seconds, ahead: bufferedAhead(this.#video), moving });
  }

  #release() {
    const hls = this.#hls;
    this.#hls = null;
    hls?.destroy();
    this.#video.onerror = this.#video.onended = this.#video.onloadedmetadata = null;
    if (!this.#video.getAttribute("src")) return;
    this.#video.removeAttribute("src");
    this.#video.load(); // only now is the last picture let go
  }

  #erred(data) {
    const { ErrorDetails, ErrorTypes } = this.#Hls;
    if (data.details === ErrorDetails.BUFFER_STALLED_ERROR) this.#stalled();
    const status = data.response?.code;
    if (this.#ladder.drop(data)) return;
    if (this.#ladder.dropSound(data)) return this.#open();
    if (status === 401 || status === 403) return this.#renewAndReopen(data.error);
    if (!data.fatal) return; // for one, hls.js takes a segment that is lost for a gap, and loads what follows it
    if (data.type === ErrorTypes.MEDIA_ERROR && this.#mayRepair()) return this.#hls.recoverMediaError();
    this.#failed(data.error ?? new Error(data.details));
  }

  #stalled() {
    this.#stalledAt = Date.now();
    this.#stalls += 1;
    if (this.#ladder?.couldUseLess) this.#lookForLess();
    this.#ladder?.stepDown();
  }

  /** Renditions may have come since this player began; whoever plays well needs none of them. */
  async #lookForLess() {
    const hls = this.#hls;
    const isThere = await this.#ladder.hasLess(this.#grant.url);
    if (isThere && hls === this.#hls && this.#ladder.couldUseLess) this.#open();
  }

  #mayRepair() {
    const now = Date.now();
    this.#repairs = this.#repairs.filter((at) => now - at < MEDIA_REPAIR_MS);
    return this.#repairs.push(now) <= MEDIA_REPAIRS;
  }

  /** A refused grant may only be old. A new one is refused for a reason, which takes time to pass. */
  async #renewAndReopen(refusal) {
    const hls = this.#hls;
    if (hls === this.#refused) return; // its other requests were on their way
    const isNew = this.#refused !== null;
    this.#refused = hls;
    if (isNew) return this.#failed(refusal ?? new Error("refused"));
    try {
      await this.#grant.renew();
      if (hls === this.#hls) this.#open();
    } catch (error) {
      if (hls === this.#hls) this.#failed(error);
    }
  }

  #failed(error) {
    this.#hls?.stopLoad();
    if (error instanceof ApiError && error.code === "BANNED") return this.#report("barred", error);
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
    this.#refused = null;
    this.#settledAt ||= Date.now() + SETTLING_MS;
    this.#report("flowing");
  };

  #look() {
    const video = this.#video;
    this.#ladder?.goTo(this.#deliberate ? video.currentTime : null);
    const expected = !video.paused && (!this.#waiting || this.#deliberate) && this.#hls !== null;
    const remedy = this.#watchdog.look(video.currentTime, Date.now(), expected);
    if (remedy === "skip") this.#skipHole();
    if (remedy === "edge") this.#loadAnew();
    if (remedy === "reopen") this.#failed(new Error("the picture stands still"));
    if (!video.paused && !video.seeking && video.readyState >= 3) this.#steer();
  }

  #steer() {
    const { latency, targetLatency: target } = this.range;
    const video = this.#video;
    if (latency - target < NEAR_EDGE) this.#deliberate = false;
    if (this.#deliberate || !(latency > 0) || !(target > 0)) {
      video.playbackRate = 1;
      return;
    }
    this.#forgetOldStalls();
    const settling = Date.now() < this.#settledAt;
    const buffered = bufferedAhead(this.#video);
    const { rate, jump } = steer({ latency, target, buffered, rate: video.playbackRate, settling });
    if (jump) this.toLiveEdge();
    if (video.playbackRate !== rate) video.playbackRate = rate;
  }

  /** Each stall moves hls.js a little away from the edge; a calm minute moves it back. */
  #forgetOldStalls() {
    if (!this.#stalledAt || Date.now() - this.#stalledAt < CALM_MS) return;
    const details = this.#hls?.latestLevelDetails;
    if (details) this.#hls.targetLatency = this.#ladder.distance(details);
    this.#ladder?.stepUp();
    this.#stalledAt = 0;
  }

  #skipHole() {
    if (this.#deliberate && this.#video.seeking) return; // what was asked for is on its way; the next that is there may be now
    const next = nextStretch(this.#video);
    if (next !== null) this.#video.currentTime = next + 0.01;
  }

  /** At the edge, where most viewers are; who went back stays there. */
  #loadAnew() {
    this.#report("trouble", new Error("the picture stands still"));
    this.#hls?.startLoad(this.#deliberate ? this.#video.currentTime : -1);
    if (!this.#deliberate) this.toLiveEdge();
  }
}
