/** One answer for all who ask within a while, also for those who ask before it is there. */

/** @template T @param {() => Promise<T>} ask @param {number} forMs @returns {() => Promise<T>} */
export function remembered(ask, forMs) {
  let answer = null;
  let askedAt = 0;
  return () => {
    if (answer === null || performance.now() - askedAt > forMs) {
      askedAt = performance.now();
      answer = ask();
    }
    return answer;
  };
}
