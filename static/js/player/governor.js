/** How fast to play so that a viewer stays as near to the camera as their line allows. Pure: numbers in,
 * numbers out. All times are seconds. */

const CALM = 0.04; // nearer than this to the target: play at 1
const ALERT = 0.15; // farther than this from it: begin to catch up, or to fall back
const THIN = 0.1; // less than this buffered: slow down before it runs out
const FAR = 3; // farther behind than this: catching up would take a minute, jump
const NOTICEABLE = 0.4; // a viewer who has just come is put this near at once, if the media is there
const FASTER = 1.05;
const SLOWER = 0.95;

/**
 * @param {object} at
 * @param {number} at.latency behind the live edge
 * @param {number} at.target how far behind is right (the hold-back, plus what stalls have taught)
 * @param {number} at.buffered media ahead of the playhead
 * @param {number} at.rate the present playback rate
 * @param {boolean} [at.settling] playback has just begun: nobody misses what is skipped
 * @returns {{rate: number, jump: boolean}}
 */
export function steer({ latency, target, buffered, rate, settling = false }) {
  const excess = latency - target;
  if (excess > FAR) return { rate: 1, jump: true };
  if (settling && excess > NOTICEABLE && buffered > excess + THIN) return { rate: 1, jump: true };
  if (buffered < THIN) return { rate: SLOWER, jump: false };
  const wasCatchingUp = rate > 1;
  if (excess > (wasCatchingUp ? CALM : ALERT)) return { rate: FASTER, jump: false };
  // Nearer than is right happens after a pause of the encoder, and costs a stall at the next late packet.
  if (excess < -(rate < 1 ? CALM : ALERT)) return { rate: SLOWER, jump: false };
  return { rate: 1, jump: false };
}
