/** The commands that somebody may use here, for the list that appears as they type one. */

const ASK_AGAIN_MS = 60_000;

/** @param {() => Promise<{name: string, usage: string, help: string}[]>} ask */
export function commandFinder(ask) {
  let table = [];
  let askedAt = -Infinity;

  return async (typed) => {
    if (performance.now() - askedAt > ASK_AGAIN_MS) {
      askedAt = performance.now();
      table = await ask().catch(() => table); // without them a command is typed from memory
    }
    return table
      .filter(({ name }) => name.startsWith(typed.toLowerCase()))
      .map(({ name, usage, help }) => ({ value: `/${name}`, label: `/${name} ${usage}`.trim(), hint: help }));
  };
}
