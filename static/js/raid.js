/** The banner of a raid: it counts down, lets a viewer stay, and takes the others along. */
import { request } from "./api.js";
import { ServerClock } from "./clock.js";

const TICK_MS = 500;
const DEAF_MS = 4_000; // after its time, a page that was told nothing asks what became of it
const SPREAD_MS = 2_000; // a crowd arrives within this time, not at one moment
const CROWD = 200;

export class RaidBanner {
  #box;
  #goes;
  #clock = new ServerClock();
  #raid = null; // {id, url, dueAt}
  #stays = null; // the id of the raid that this viewer does not go on
  #ticking = 0;
  #asked = null;

  /**
   * @param {HTMLElement} box the `[data-raid]` element
   * @param {import("./socket.js").Socket} socket that of the channel's room
   */
  constructor(box, socket) {
    this.#box = box;
    this.#goes = "goes" in box.dataset;
    const { raidId, url, dueAt } = box.dataset;
    let missed = false;
    socket
      .on("*", (_, { timestamp }) => {
        this.#clock.learn(timestamp);
        if (!missed) return;
        missed = false;
        this.#ask(); // what was said while nobody heard
      })
      .on("raid:start", ({ raid }) => this.#show(raid))
      .on("raid:cancel", ({ raid }) => this.#end(raid))
      .on("raid:go", ({ raid }) => this.#go(raid))
      .watch(({ state }) => (missed ||= state === "waiting"));
    box.querySelector("[data-raid-stay]")?.addEventListener("click", () => this.#stay());
    if (raidId) this.#follow({ id: raidId, url, dueAt });
  }

  #show(raid) {
    this.#box.hidden = false; // first: what is said in a hidden place, a screen reader does not hear
    this.#box.querySelector("[data-raid-target]").textContent = raid.target.name;
    this.#box.querySelector("[data-raid-link]").href = raid.url;
    const stay = this.#box.querySelector("[data-raid-stay]");
    if (stay) stay.hidden = false;
    this.#follow(raid);
  }

  #follow(raid) {
    this.#raid = raid;
    this.#asked = null;
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  #tick() {
    const left = Date.parse(this.#raid.dueAt) - this.#clock.now();
    if (this.#stays === this.#raid.id) this.#say("You stay here.");
    else this.#say(left > 0 ? `You go along in ${Math.ceil(left / 1_000)} s.` : "You go along now.");
    if (left < -DEAF_MS && this.#asked !== this.#raid.id) {
      this.#asked = this.#raid.id;
      setTimeout(() => this.#ask(), Math.random() * SPREAD_MS);
    }
  }

  /** Beside what a screen reader is told: these words change once a second. */
  #say(words) {
    const when = this.#box.querySelector("[data-raid-when]");
    if (when && when.textContent !== words) when.textContent = words;
  }

  #stay() {
    this.#stays = this.#raid?.id ?? null;
    this.#box.querySelector("[data-raid-stay]").hidden = true;
    this.#box.querySelector("[data-raid-link]").focus();
    if (this.#raid) this.#tick();
  }

  #end({ id }) {
    if (this.#raid?.id !== id) return;
    clearInterval(this.#ticking);
    this.#raid = null;
    this.#box.hidden = true;
  }

  #go(raid) {
    const stays = !this.#goes || this.#stays === raid.id;
    if (this.#raid?.id !== raid.id) this.#show(raid);
    clearInterval(this.#ticking);
    if (stays) return this.#say("The others are there.");
    this.#say("You go along now.");
    // A page in the background has slow timers, and nobody waits for it.
    const wait = document.hidden || raid.viewers <= CROWD ? 0 : Math.random() * SPREAD_MS;
    setTimeout(() => this.#stays !== raid.id && location.assign(raid.url), wait);
  }

  /** The database is the truth: a socket only hints. */
  async #ask() {
    const { channelSlug } = this.#box.dataset;
    const told = await request(`/api/channels/${encodeURIComponent(channelSlug)}/raid`).catch(() => null);
    if (!told) return;
    if (told.raid && this.#raid?.id !== told.raid.id) return this.#show(told.raid);
    if (told.raid) return setTimeout(() => (this.#asked = null), DEAF_MS); // it is late: ask again
    if (!this.#raid) return;
    const gone = await request(`/api/raids/${encodeURIComponent(this.#raid.id)}`).catch(() => null);
    if (gone?.state === "gone") this.#go(gone);
    else if (gone) this.#end(gone);
  }
}
