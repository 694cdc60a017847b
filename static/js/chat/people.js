/** Who can be mentioned: those who spoke lately first, then those who are in the room. */
import { remembered } from "./remembered.js";

const MOST = 2_000;
const ASK_AGAIN_MS = 60_000;

export class People {
  #you;
  #learn;
  #names = new Map(); // username → display name, the latest speaker last

  /** @param {import("./you.js").You} you
   * @param {() => Promise<{data: {user: object}[]}>} ask for those who are in the room */
  constructor(you, ask) {
    this.#you = you;
    this.#learn = remembered(() => this.#askFor(ask), ASK_AGAIN_MS);
  }

  /** Somebody spoke. */
  heard({ id, username, displayName }) {
    if (!id || id === this.#you.id || this.#you.blocks(id)) return;
    this.#names.delete(username);
    this.#names.set(username, displayName || username);
    if (this.#names.size > MOST) this.#names.delete(this.#names.keys().next().value);
  }

  /** Those whose name begins so, the latest speaker first. */
  async find(beginning) {
    await this.#learn();
    const start = beginning.toLowerCase();
    return [...this.#names]
      .reverse()
      .filter((names) => names.some((name) => name.toLowerCase().startsWith(start)))
      .map(([username, displayName]) => ({ value: `@${username}`, label: displayName, hint: `@${username}` }));
  }

  /** Those who are in the room, too, behind those who spoke. */
  async #askFor(ask) {
    const { data } = await ask().catch(() => ({ data: [] })); // those who spoke are enough
    const spoke = [...this.#names];
    this.#names.clear();
    for (const { user } of data) this.heard(user);
    for (const [username, displayName] of spoke) {
      this.#names.delete(username);
      this.#names.set(username, displayName);
    }
  }
}
