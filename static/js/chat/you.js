/** Who reads here and what they may do: from the page at first, then from the room, whenever it changes. */

export class You {
  #watchers = new Set();
  role = null;
  blocked = new Set();
  standing = null;

  /** @param {{id: string, username: string, powers?: string, writes?: boolean}} person empty for somebody who is
   *   not signed in */
  constructor({ id, username, powers = "", writes = false }) {
    this.powers = new Set(powers.split(" "));
    this.writes = writes;
    this.id = id;
    this.username = username;
    this.displayName = username;
  }

  get isSignedIn() {
    return this.id !== "";
  }

  /** They are nobody here any more, and may nothing. */
  leave() {
    this.id = "";
    this.learn({ role: null, powers: [], standing: null });
  }

  may(power) {
    return this.powers.has(power);
  }

  blocks(userId) {
    return this.blocked.has(userId);
  }

  /** Call `watch(this)` whenever something of this changes. */
  watch(watch) {
    this.#watchers.add(watch);
    return this;
  }

  /** Take over what the room says; what it leaves out stays. */
  learn({ role = this.role, powers = [...this.powers], standing = this.standing, blocked = [...this.blocked] }) {
    Object.assign(this, { role, standing, powers: new Set(powers), blocked: new Set(blocked) });
    for (const watch of this.#watchers) watch(this);
  }
}
