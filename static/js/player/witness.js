/** What this player sees, told to the server: soon when the picture stood still, else once a minute or less. It serves
 * the creator, who learns whether viewers wait and why; nothing depends on it. */
import { request } from "../api.js";

const FIRST_MS = 30_000;
const SOONEST_MS = 15_000; // between two reports, whatever happened
const SPREAD_MS = 3_000; // those who waited for the same thing tell it one after the other
const LONG_MS = 4_000; // a stall that lasts is told before it ends
const CALM_MS = 60_000;
const LOOK_MS = 1_000;
/** What the element says, and what that means for the picture. */
const MOVES = ["playing", "timeupdate"];
// Not "seeking": the library and our own watchdog seek to get out of a stall.
const EXPECTED_STILL = ["pause", "ended"];

export class Witness {
  #video;
  #path;
  #delay;
  #diary;
  #hasPlayed = false;
  #toldAt = 0;
  #due = performance.now() + FIRST_MS * (0.7 + 0.6 * Math.random());
  #timer;
  #listening = new AbortController();

  /**
   * @param {HTMLVideoElement} video
   * @param {string} streamId
   * @param {import("./diary.js").Diary} diary
   * @param {() => number|null} delay seconds from the ingest to the eye; null while that tells nothing
   */
  constructor(video, streamId, diary, delay) {
    this.#video = video;
    this.#path = `/api/streams/${encodeURIComponent(streamId)}/playback`;
    this.#diary = diary;
    this.#delay = delay;
    const listen = (types, hear) => {
      for (const type of types) video.addEventListener(type, hear, { signal: this.#listening.signal });
    };
    listen(["waiting"], () => this.#stands());
    listen(MOVES, () => this.#moves());
    listen(EXPECTED_STILL, () => this.#diary.forget());
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop() {
    this.#listening.abort();
    clearInterval(this.#timer);
  }

  /** Before the first picture it is starting; while it seeks, waiting was asked for; nobody sees a hidden page. */
  #stands() {
    if (this.#hasPlayed && !this.#video.seeking && !this.#video.paused && !document.hidden) {
      this.#diary.stand(performance.now());
    }
  }

  #moves() {
    if (this.#video.readyState < 3 || this.#video.paused) return;
    this.#hasPlayed = true;
    if (this.#diary.move(performance.now())) this.#hurry();
  }

  #hurry() {
    const soon = performance.now() + Math.random() * SPREAD_MS;
    this.#due = Math.min(this.#due, Math.max(soon, this.#toldAt + SOONEST_MS));
  }

  #look() {
    const now = performance.now();
    if (document.hidden) return this.#diary.forget();
    if (this.#diary.standing(now) > LONG_MS) this.#hurry();
    if (now >= this.#due && this.#hasPlayed) this.#tell(now);
  }

  async #tell(now) {
    this.#toldAt = now;
    this.#due = Infinity;
    const body = { stalls: this.#diary.tell(now), delaySeconds: this.#delay() };
    let wait = CALM_MS;
    try {
      const { nextSeconds } = await request(this.#path, { method: "POST", body });
      wait = nextSeconds * 1000;
    } catch (error) {
      wait = Math.max(wait, (error.retryAfter ?? 0) * 1000); // lost: the next one tells of itself alone
    }
    this.#due = Math.min(this.#due, performance.now() + wait * (0.8 + 0.4 * Math.random()));
  }
}
