/** One websocket that stays: it reconnects, carries a ticket, asks for what it missed, and says how it is. */
import { ApiError, request } from "./api.js";
import { Backoff } from "./backoff.js";

const QUIET_MS = 25_000; // nothing heard for so long: ask
const SILENT_MS = 10_000; // no answer to that for so long: the line is dead
const OPENING_MS = 10_000; // a handshake that takes longer has failed
const STEADY_MS = 5_000; // open for so long: the next failure starts with a short wait again

/** Close codes (docs/realtime.md) after which trying again would change nothing, and what to tell people. */
const FINAL = {
  4403: "You may not enter this room.",
  4404: "This channel no longer exists.",
};
const SIGNED_OUT = "You are signed out. Load the page anew to sign in.";
const BAD_TICKET = 4401;
const TICKET_MS = 500; // who has just set another password gets the new cookie first
const TOO_MANY = 4429;

export class Socket {
  #path;
  #ticket;
  #signedIn;
  #resume;
  #ws = null;
  #handlers = new Map();
  #watchers = new Set();
  #backoff = new Backoff({ first: 500, most: 30_000 });
  #timers = { retry: 0, heartbeat: 0, steady: 0, opening: 0 };
  #attempt = 0; // an answer to an older attempt is ignored
  #heardAt = 0;
  #wanted = false;
  #signedOut = false; // the session that the page was opened in has ended
  state = "closed";

  /**
   * @param {object} options
   * @param {string} options.path such as `/ws/channels/nova`
   * @param {string} [options.ticket] from the page; it works once, later ones are fetched
   * @param {boolean} [options.signedIn] whether a fresh ticket is needed on reconnect
   * @param {() => Record<string, string|number|null>} [options.resume] where to go on, asked at each connection:
   *   parameters of the address, null leaves one out
   */
  constructor({ path, ticket = "", signedIn = false, resume = () => ({}) }) {
    this.#path = path;
    this.#ticket = ticket;
    this.#signedIn = signedIn;
    this.#resume = resume;
  }

  /** Call `handle(payload, frame)` for each frame of `type`; `"*"` hears all of them. */
  on(type, handle) {
    if (!this.#handlers.has(type)) this.#handlers.set(type, []);
    this.#handlers.get(type).push(handle);
    return this;
  }

  /** Call `watch({state, signedOut, retryAt, reason})` now and whenever the state changes:
   * connecting, open, waiting (until retryAt, ms) or closed (for good). */
  watch(watch) {
    this.#watchers.add(watch);
    watch({ state: this.state, signedOut: this.#signedOut, retryAt: null, reason: null });
    return this;
  }

  /** Connect, and stay connected for as long as the page lives. */
  open() {
    if (this.#wanted) return;
    this.#wanted = true;
    window.addEventListener("online", this.#hurry);
    window.addEventListener("pageshow", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#connect();
  }

  /** True when the frame was handed to an open line; delivery is known only by its answer. */
  send(type, payload = {}) {
    if (this.#ws?.readyState !== WebSocket.OPEN) return false;
    this.#ws.send(JSON.stringify({ type, payload }));
    return true;
  }

  async #connect() {
    const attempt = ++this.#attempt;
    this.#clearTimers();
    this.#tell("connecting");
    const address = await this.#address().catch(() => null);
    if (!this.#wanted || attempt !== this.#attempt) return;
    if (address === null) return this.#lost({ code: 1006 });
    const ws = new WebSocket(address);
    this.#ws = ws;
    this.#timers.opening = setTimeout(() => this.#lost({ code: 1006 }), OPENING_MS);
    ws.onopen = () => this.#opened(ws);
    ws.onmessage = (event) => this.#heard(ws, event.data);
    ws.onclose = (event) => ws === this.#ws && this.#lost(event);
  }

  async #address() {
    const address = new URL(this.#path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (this.#signedIn && !this.#ticket) this.#ticket = await this.#freshTicket();
    if (this.#ticket) address.searchParams.set("ticket", this.#ticket);
    this.#ticket = "";
    for (const [name, value] of Object.entries(this.#resume())) {
      if (value !== null) address.searchParams.set(name, value);
    }
    return address;
  }

  async #freshTicket() {
    try {
      return (await request("/api/auth/ws-ticket", { method: "POST", body: {}, patience: OPENING_MS })).ticket;
    } catch (error) {
      if (!(error instanceof ApiError) || ![401, 403].includes(error.status)) throw error;
      this.#signedIn = false; // signed out elsewhere: go on reading as anybody may
      this.#signedOut = true;
      return "";
    }
  }

  #opened(ws) {
    if (ws !== this.#ws) return;
    clearTimeout(this.#timers.opening);
    this.#heardAt = Date.now();
    this.#timers.steady = setTimeout(() => this.#backoff.reset(), STEADY_MS);
    this.#timers.heartbeat = setInterval(() => this.#checkPulse(), 5_000);
    this.#tell("open");
  }

  #heard(ws, data) {
    if (ws !== this.#ws || typeof data !== "string") return;
    this.#heardAt = Date.now();
    let frames;
    try {
      frames = JSON.parse(data);
    } catch {
      return; // one unreadable frame is no reason to leave; a hole in the numbers is found by the chat
    }
    for (const frame of Array.isArray(frames) ? frames : [frames]) this.#deliver(frame);
  }

  #deliver(frame) {
    for (const handle of this.#handlers.get("*") ?? []) handle(frame.payload ?? {}, frame);
    for (const handle of this.#handlers.get(frame.type) ?? []) handle(frame.payload ?? {}, frame);
  }

  #checkPulse() {
    const silence = Date.now() - this.#heardAt;
    if (silence > QUIET_MS + SILENT_MS) this.#lost({ code: 1006 }, { wait: 0 });
    else if (silence > QUIET_MS) this.send("ping");
  }

  #lost({ code }, { wait = null } = {}) {
    const ws = this.#ws;
    this.#ws = null;
    this.#attempt += 1;
    this.#clearTimers();
    if (ws && ws.readyState <= WebSocket.OPEN) ws.close(1000);
    if (!this.#wanted) return;
    if (FINAL[code]) {
      this.#wanted = false;
      return this.#tell("closed", { reason: this.#signedOut ? SIGNED_OUT : FINAL[code] });
    }
    const delay = wait ?? this.#delayAfter(code);
    this.#timers.retry = setTimeout(() => this.#connect(), delay);
    this.#tell("waiting", { retryAt: Date.now() + delay });
  }

  #delayAfter(code) {
    const delay = this.#backoff.next();
    // A used-up ticket, or that of a session before, is soon replaced; the second time in a row something else is wrong.
    if (code === BAD_TICKET && this.#backoff.failures === 1) return TICKET_MS;
    return code === TOO_MANY ? Math.max(delay, 30_000) : delay;
  }

  /** The network is back, or the person is: do not let them wait out a long pause. */
  #hurry = ({ type }) => {
    if (document.visibilityState === "hidden") return;
    if (this.state === "waiting") return this.#connect();
    if (this.state !== "open") return;
    // It may be another network: then nobody is left at the end of this line, and nothing says so.
    if (type === "online") this.#heardAt = Math.min(this.#heardAt, Date.now() - QUIET_MS - 1);
    this.#checkPulse();
  };

  #tell(state, { retryAt = null, reason = null } = {}) {
    this.state = state;
    for (const watch of this.#watchers) watch({ state, signedOut: this.#signedOut, retryAt, reason });
  }

  #clearTimers() {
    clearTimeout(this.#timers.retry);
    clearTimeout(this.#timers.steady);
    clearTimeout(this.#timers.opening);
    clearInterval(this.#timers.heartbeat);
  }
}
