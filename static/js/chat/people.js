/** Who can be mentioned: those who spoke lately first, then those who are in the room. */

const MOST = 2_000;
const ASK_AGAIN_MS = 60_000;

export class People {
  #you;
  #ask;
  #names = new Map(); // username → display name, the latest speaker last
  #askedAt = -Infinity;

  /** @param {import("./you.js").You} you
   * @param {() => Promise<{data: {user: object}[]}>} ask for those who are in the room */
  constructor(you, ask) {
    this.#you = you;
    this.#ask = ask;
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

  async #learn() {
    if (performance.now() - this.#askedAt < ASK_AGAIN_MS) return;
    this.#askedAt = performance.now();
    try {
      const present = (await this.#ask()).data.map((entry) => entry.user ?? entry);
      const spoke = [...this.#names];
      for (const person of present) this.heard(person);
      for (const [username, displayName] of spoke) this.heard({ id: username, username, displayName });
    } catch {
      // Those who spoke are enough.
    }
  }
}
