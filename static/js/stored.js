/** Small memories of this browser. Storage may be forbidden or full; then nothing is remembered. */

export function remember(key, value, storage = "localStorage") {
  try {
    if (value === null || value === "") window[storage].removeItem(`aethex.${key}`);
    else window[storage].setItem(`aethex.${key}`, JSON.stringify(value));
  } catch {
    // A private window refuses storage: forgetting is the right answer.
  }
}

export function recall(key, fallback, storage = "localStorage") {
  try {
    const kept = window[storage].getItem(`aethex.${key}`);
    return kept === null ? fallback : JSON.parse(kept);
  } catch {
    return fallback;
  }
}
