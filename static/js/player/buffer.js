/** What a video element has of the stream at this moment. */

/** Seconds that can be played from the playhead on. */
export function bufferedAhead({ buffered, currentTime }) {
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime + 0.05 && currentTime < buffered.end(index)) {
      return buffered.end(index) - currentTime;
    }
  }
  return 0;
}

/** Where the next stretch behind a hole begins, null when there is none. */
export function nextStretch({ buffered, currentTime }) {
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) > currentTime) return buffered.start(index);
  }
  return null;
}
