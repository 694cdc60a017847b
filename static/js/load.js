/** Modules that come when they are first wanted. */

const failures = new Map(); // path → how often it failed

/** The module at `path` under static/js, written out in the call (aethex/static_files.py). Rejects, in words for people,
 * when it cannot be had now; the next call tries anew. What it imports must be on the page already. */
export async function load(path) {
  const failed = failures.get(path) ?? 0;
  try {
    // Chromium keeps a load that failed for as long as the page lives: another address is another load.
    return await import(`./${path}${failed ? `?again=${failed}` : ""}`);
  } catch (cause) {
    failures.set(path, failed + 1);
    throw new Error("This could not be loaded. Check your connection and try again.", { cause });
  }
}
