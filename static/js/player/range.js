/** What can be seen of a broadcast, from its oldest second to the live edge, whether hls.js plays it or the browser.
 * Positions are seconds on the video element's own timeline; dates are milliseconds on the server's clock. */

const LEEWAY = 10; // seconds: the window moves on while its oldest segment is fetched
const MOVED = 0.5;
const FIRST = 0.05; // hls.js takes a playhead at 0 for none, and would stay with what it was loading
const USUAL = 10; // seconds from the edge at which a browser that plays by itself begins at the latest

export class Range {
  #video;
  #hls;
  #ladder;
  #firstStart = null;
  #nearest = USUAL;

  /** @param {HTMLVideoElement} video
   * @param {object|null} hls the hls.js player; null when the browser plays
   * @param {import("./ladder.js").Ladder|null} ladder whose source reaches back farther than its renditions */
  constructor(video, hls = null, ladder = null) {
    this.#video = video;
    this.#hls = hls;
    this.#ladder = ladder;
  }

  /** The oldest second that is listed, null while nothing is known. */
  get start() {
    const { seekable } = this.#video;
    const start = this.#hls ? (this.#ladder?.source ?? this.#hls.latestLevelDetails)?.fragmentStart : seekable.length ? seekable.start(0) : null;
    if (!Number.isFinite(start)) return null;
    this.#firstStart ??= start;
    return start;
  }

  /** The oldest second that one can play on from: of a broadcast that is listed whole, its first. */
  get oldest() {
    const start = this.start;
    if (start === null) return null;
    return start > this.#firstStart + MOVED ? start + LEEWAY : Math.max(start, FIRST);
  }

  /** Where a viewer at the live edge is, null while unknown. */
  get live() {
    const { seekable } = this.#video;
    const live = this.#hls ? this.#hls.liveSyncPosition : seekable.length ? seekable.end(seekable.length - 1) : null;
    return Number.isFinite(live) ? live : null;
  }

  /** Seconds that the picture is behind what the playlist ends with, null while unknown. */
  get latency() {
    const latency = this.#hls ? this.#hls.latency : this.live - this.#video.currentTime;
    return latency > 0 ? latency : null;
  }

  /** What that distance should be, null while unknown. A browser that plays by itself knows best: as near as it has
   * ever been is right, and more than that is drift. */
  get targetLatency() {
    if (this.#hls) return this.#hls.targetLatency;
    if (this.latency !== null) this.#nearest = Math.min(this.#nearest, Math.max(this.latency, 0.5));
    return this.#nearest;
  }

  /** When the frame on screen passed the ingest, null while unknown. */
  get shownAt() {
    const date = this.#hls ? this.#hls.playingDate?.getTime() : this.#startDate() + this.#video.currentTime * 1000;
    return Number.isFinite(date) ? date : null;
  }

  /** Where the picture of that moment is, the nearest there is; null when no dates are known. */
  positionOf(date) {
    if (!this.#hls) {
      const position = (date - this.#startDate()) / 1000;
      return Number.isFinite(position) ? Math.max(position, this.oldest ?? 0) : null;
    }
    const segment = this.#lastSegment(({ programDateTime }) => programDateTime <= date);
    if (!segment) return null;
    const into = Math.min(Math.max((date - segment.programDateTime) / 1000, 0), segment.duration);
    return Math.max(segment.start + into, this.oldest);
  }

  /** The reverse: when the picture at that position passed the ingest, null when no dates are known. */
  dateOf(position) {
    if (!this.#hls) {
      const date = this.#startDate() + position * 1000;
      return Number.isFinite(date) ? date : null;
    }
    const segment = this.#lastSegment(({ start }) => start <= position);
    return segment?.programDateTime ? segment.programDateTime + (position - segment.start) * 1000 : null;
  }

  /** The last that begins in time, of what plays or else of the source, which reaches back farther; the oldest where
   * none does. */
  #lastSegment(isInTime) {
    const lists = [this.#hls.latestLevelDetails, this.#ladder?.source].map((details) => details?.fragments ?? []);
    return lists[0].findLast(isInTime) ?? lists[1].findLast(isInTime) ?? lists[1][0] ?? lists[0][0];
  }

  #startDate() {
    return this.#video.getStartDate?.().getTime() ?? NaN;
  }
}
