/** The commands that somebody may use here, for the list that appears as they type one. */
import { remembered } from "./remembered.js";

const ASK_AGAIN_MS = 60_000;

/** @param {() => Promise<{name: string, usage: string, help: string}[]>} ask */
export function commandFinder(ask) {
  const table = remembered(() => ask().catch(() => []), ASK_AGAIN_MS); // else it is typed from memory
  return async (typed) =>
    (await table())
      .filter(({ name }) => name.startsWith(typed.toLowerCase()))
      .map(({ name, usage, help }) => ({ value: `/${name}`, label: `/${name} ${usage}`.trim(), hint: help }));
}
