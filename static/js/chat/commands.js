/** The commands that somebody may use here, for the list that appears as they type one. */

const ASK_AGAIN_MS = 60_000;

/** @param {() => Promise<{commands: {name: string, usage: string, help: string}[]}>} ask */
export function commandFinder(ask) {
  let table = [];
  let askedAt = -Infinity;

  return async (typed) => {
    if (performance.now() - askedAt > ASK_AGAIN_MS) {
      askedAt = performance.now();
      // Without them a command is typed from memory.
      table = await ask().then(({ commands }) => commands, () => table);
    }
    return table
      .filter(({ name }) => name.startsWith(typed.toLowerCase()))
      .map(({ name, usage, help }) => ({ value: `/${name}`, label: `/${name} ${usage}`.trim(), hint: help }));
  };
}
