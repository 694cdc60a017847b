/** The right to play one broadcast: a signed path segment that lives for minutes and is renewed on time. */
import { ApiError, request } from "../api.js";

const GRANT = /\/live\/[^/]+\//;

export class Grant {
  #path;
  #life;
  #url;
  #stills;
  #since = Date.now();
  #renewal = null;
  #timer = 0;

  /** @param {{streamId: string, url?: string, stills?: string, lifeSeconds?: number, isPreview?: boolean,
   *   path?: string}} options
   * `url` is the playlist the page already carries, empty when there was nothing to play yet, and `stills` the index
   * of its storyboard; `path` is where to ask for one that is not a broadcast's */
  constructor({ streamId, url = "", stills = "", lifeSeconds = 60, isPreview = false, path = "" }) {
    this.#path = path || `/api/streams/${encodeURIComponent(streamId)}/hls${isPreview ? "?preview=1" : ""}`;
    this.#url = url;
    this.#stills = stills;
    this.#life = lifeSeconds * 1000;
  }

  /** The multivariant playlist under the newest grant; empty before the first renewal. */
  get url() {
    return this.#url;
  }

  /** The storyboard's index under the newest grant; empty where there is none. */
  get stills() {
    return this.#stills;
  }

  get isStale() {
    return !this.#url || Date.now() - this.#since > this.#life / 2;
  }

  /** The same file under the newest grant: a request is made with the grant of now, whatever
   * playlist its address was read from. */
  freshen(url) {
    const mine = this.#url.match(GRANT);
    return mine ? url.replace(GRANT, mine[0]) : url;
  }

  /** Ask for a new grant; several askers share one request. Rejects with ApiError (409 NOT_LIVE: there is
   * nothing to play). */
  renew() {
    this.#renewal ??= this.#ask().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** Renew in the background around half of the grant's life, spread out so that an audience that came
   * together does not renew together. */
  keepFresh() {
    clearTimeout(this.#timer);
    const wait = this.#life * (0.4 + 0.2 * Math.random());
    const timer = setTimeout(() => {
      // A failure here costs nothing yet: the player asks again when a request is refused.
      this.renew().catch(() => {}).finally(() => timer === this.#timer && this.keepFresh());
    }, wait);
    this.#timer = timer;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  async #ask() {
    const { hlsUrl, storyboardUrl, expiresIn } = await request(this.#path);
    if (!hlsUrl) throw new ApiError({ status: 409, code: "NOT_LIVE", message: "There is nothing to play." });
    this.#url = hlsUrl;
    this.#stills = storyboardUrl ?? "";
    if (expiresIn > 0) this.#life = expiresIn * 1000;
    this.#since = Date.now();
    return hlsUrl;
  }
}
