/** The qualities of one broadcast: which the viewer wants, and what hls.js is told of that. */
import { recall, remember } from "../stored.js";

const AUTO = "auto";
export const SOURCE = "source";
export const AUDIO = "audio";

/** Seconds from the live edge at which a change to any rendition is seamless, although they come a little later than
 * the source. Where there are none, viewers are nearer. */
const DISTANCE = 1.25;

const MENU_MS = 2_000; // who opens a menu does not wait longer for what a slow line brings
const PATIENCE_MS = 20_000;

const MARGIN = 4; // seconds: a rendition's window moves on while its oldest segment is fetched

const ADDRESS = /\/live\/[^/.]+\.[^/]+\/[^/]+\/(?:([0-9a-z]+)\/)?stream\.m3u8/; // a grant has points
const VARIANT = /^#EXT-X-STREAM-INF:(.*)\n(?:([0-9a-z]+)\/)?stream\.m3u8/gm;

export class Ladder {
  #hls = null;
  #isBehind = false;
  #hasSound = true; // sound alone is offered, as far as is known
  wanted = recall("quality", AUTO);

  /** What hls.js should load for the multivariant playlist at `url`: of sound alone it makes no level. */
  addressIn(url) {
    return this.shown === AUDIO ? url.replace("/index.m3u8", "/audio/stream.m3u8") : url;
  }

  /** A new hls.js plays. It begins with the source, whose playlist tells how far back one may go. */
  attach(Hls, hls) {
    this.#hls = hls;
    this.#isBehind = false;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      const source = this.#levelOf(SOURCE);
      if (source >= 0) hls.startLevel = source;
      if (!this.isAlone) hls.targetLatency = DISTANCE;
    });
    hls.once(Hls.Events.LEVEL_LOADED, () => this.#apply());
  }

  /** Whether the player that there is can play what is wanted from now on; else it must be made anew. */
  choose(name) {
    this.#hasSound = true;
    const isOther = [name, this.wanted].includes(AUDIO) && name !== this.wanted;
    this.wanted = name;
    remember("quality", name);
    if (isOther || (name !== AUTO && name !== AUDIO && this.#levelOf(name) < 0)) return false;
    this.#apply();
    return true;
  }

  /** Renditions are live only: who went back farther than they reach sees the source, and what they chose again
   * when they return. `position` is where they want to be; null means at the edge. */
  goTo(position) {
    const start = this.#hls?.latestLevelDetails?.fragmentStart;
    const isBehind = position !== null && (this.#isBehind || (this.shown !== SOURCE && position < start + MARGIN));
    if (isBehind === this.#isBehind) return;
    this.#isBehind = isBehind;
    this.#apply();
  }

  /** A rendition that is not offered any more answers 404: go on with the source. Whether that was it. */
  drop({ response, level, frag, context }) {
    const hls = this.#hls;
    const gone = level ?? context?.level ?? frag?.level;
    const name = nameOf(hls.levels[gone]);
    if (response?.code !== 404 || name === null || name === SOURCE || this.#levelOf(SOURCE) < 0) return false;
    hls.removeLevel(gone);
    hls.loadLevel = this.#levelOf(SOURCE);
    if (this.wanted === AUTO && !this.#isBehind) hls.loadLevel = -1;
    hls.startLoad(); // the library has given up already where it saw no other way
    return true;
  }

  /** The same for sound alone, which needs another player. */
  dropSound({ response }) {
    if (response?.code !== 404 || this.shown !== AUDIO) return false;
    this.#hasSound = false;
    return true;
  }

  /** How far from the edge a viewer of this playlist should be. */
  distance({ partHoldBack, holdBack }) {
    const near = partHoldBack || holdBack;
    return this.isAlone ? near : Math.max(near, DISTANCE);
  }

  /** The details of the source, from which one may go back; undefined while another is all there is. */
  get source() {
    return this.#hls?.levels[this.#levelOf(SOURCE)]?.details;
  }

  /** The qualities to choose from, the largest first: those that the playlist at `url` lists now, or else those that
   * this player has found. */
  async listedIn(url, patience = PATIENCE_MS) {
    const listed = qualitiesIn(await textOf(url, patience).catch(() => ""));
    if (listed.length) return listed;
    return (this.#hls?.levels ?? []).toReversed().map((level) => ({ name: nameOf(level), label: `${level.height}p` }));
  }

  /** What there is to choose from: that the player chooses, or one of the qualities. */
  async choicesIn(url) {
    const qualities = await this.listedIn(url, MENU_MS);
    const now = qualities.find(({ name }) => name === this.shown)?.label;
    return [{ name: AUTO, label: now && this.wanted === AUTO ? `Auto: ${now}` : "Auto" }, ...qualities];
  }

  /** The picture stood still: less from now on, where the choice is left to the player. hls.js believes for long that
   * a line is as fast as it was. */
  stepDown() {
    if (this.wanted === AUTO && !this.isAlone) this.#hls.autoLevelCapping = Math.max(this.#hls.loadLevel - 1, 0);
  }

  /** It has been well for long: more may be tried. */
  stepUp() {
    if (this.#hls) this.#hls.autoLevelCapping = -1;
  }

  /** Whether a viewer who has to wait would take less, if there were some. */
  get couldUseLess() {
    return this.wanted === AUTO && this.isAlone;
  }

  async hasLess(url) {
    return (await this.listedIn(url)).some(({ name }) => ![SOURCE, AUDIO].includes(name));
  }

  /** What is on the screen: the name of a quality, null while that is not known. */
  get shown() {
    if (this.wanted === AUDIO && this.#hasSound) return AUDIO;
    return nameOf(this.#hls?.levels[this.#hls.loadLevel]);
  }

  get isAlone() {
    return !this.#hls || this.#hls.levels.length < 2;
  }

  #apply() {
    const hls = this.#hls;
    if (!hls || this.isAlone) return;
    const name = this.#isBehind ? SOURCE : this.wanted;
    const level = name === AUTO ? -1 : this.#levelOf(name);
    if (level >= 0 || name === AUTO) hls.loadLevel = level;
  }

  #levelOf(name) {
    return this.#hls?.levels.findIndex((level) => nameOf(level) === name) ?? -1;
  }
}

async function textOf(url, patience) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(patience) });
  return answer.ok ? answer.text() : "";
}

/** The name of the quality that one of hls.js' levels is: of a node of ours by its address, else by its height; null
 * where there is no level. */
function nameOf(level) {
  if (!level) return null;
  const found = level.url[0].match(ADDRESS);
  return found ? (found[1] ?? SOURCE) : `${level.height}p`;
}

/** The qualities that a multivariant playlist lists, in its order, with words for people. */
export function qualitiesIn(playlist) {
  return [...playlist.matchAll(VARIANT)].map(([, attributes, name = SOURCE]) => {
    const height = attributes.match(/RESOLUTION=\d+x(\d+)/)?.[1];
    const rate = Number(attributes.match(/FRAME-RATE=([\d.]+)/)?.[1] ?? 0);
    const size = height ? `${height}p${rate > 31 ? Math.round(rate) : ""}` : "Audio only";
    return { name, label: name === SOURCE ? `${size} (source)` : size };
  });
}
