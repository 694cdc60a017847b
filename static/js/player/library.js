/** hls.js as this player wants it: loaded once, set for a second of delay, kept on parts near the edge. */
import { load } from "../load.js";

const NEAR_EDGE = 1.5; // seconds: from here on, waiting for a whole segment would be seen

/** The Hls class, loaded only where there is a player: the light build, which leaves out what our playlists never
 * name (a sound of its own, subtitles, DRM, ads). */
export async function loadLibrary() {
  return (await load("../vendor/hls-1.7.4/hls.light.mjs")).default;
}

/** A player for `grant`, whose newest address every request is made with.
 * @param {Function} Hls
 * @param {import("./grants.js").Grant} grant */
export function createHls(Hls, grant) {
  const hls = new Hls(options(grant));
  stayOnParts(hls);
  return hls;
}

const quickRetry = { maxNumRetry: 8, retryDelayMs: 250, maxRetryDelayMs: 1_000 };

/** What was measured to give a second camera to eye without stalls; the rest is hls.js' own choice. */
function options(grant) {
  return {
    lowLatencyMode: true,
    enableWorker: false, // fMP4 is passed through: a worker only adds a copy
    liveDurationInfinity: true,
    backBufferLength: 20,
    maxBufferLength: 20,
    maxMaxBufferLength: 30, // who went back needs no more ahead either
    liveSyncOnStallIncrease: 0.2, // the default of 1 s turns one hiccup into a second of delay
    nudgeMaxRetry: 5,
    highBufferWatchdogPeriod: 1,
    xhrSetup: (xhr, url) => xhr.open("GET", grant.freshen(url), true),
    // A reload that waits for an absent encoder is answered late or with 503: both are no end.
    playlistLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 15_000,
        maxLoadTimeMs: 20_000,
        timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
        errorRetry: quickRetry,
      },
    },
    fragLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 6_000,
        maxLoadTimeMs: 20_000,
        timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
        errorRetry: quickRetry,
      },
    },
  };
}

/** hls.js 1.7.4 leaves parts for whole segments when the open segment grew faster than the buffer, which happens
 * to those who join while a short segment is open; they would stall until it is complete. Close to the edge, parts
 * are always right. (The library is vendored and pinned; a browser test plays from the first second of a stream.) */
function stayOnParts(hls) {
  const controller = hls.streamController;
  const decide = controller.shouldLoadParts.bind(controller);
  controller.shouldLoadParts = (details, bufferEnd) => {
    if (decide(details, bufferEnd)) return true;
    const first = details?.partList?.[0];
    return Boolean(first) && bufferEnd >= first.start && details.partEnd - bufferEnd < NEAR_EDGE;
  };
}
