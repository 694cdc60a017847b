/** What this person has written and the server has not yet acknowledged. It outlives a reload of the page. */
import { recall, remember } from "../stored.js";

const IMPATIENT_MS = 6_000;

export class Outbox {
  #waiting;
  #send;
  #key;

  /** @param {(nonce: string, content: string, parent: {id: string}|null) => boolean} send hands one line to the
   * socket; false when it is not open
   * @param {string} key whose lines of which room these are, in this tab's memory */
  constructor(send, key) {
    this.#send = send;
    this.#key = key;
    this.#waiting = new Map(recall(key, [], "sessionStorage"));
  }

  /** What waits, as `[nonce, {content, parent, writtenAt}]`: at first, what the page had to send when it was left. */
  get lines() {
    return [...this.#waiting];
  }

  /** Keep `content` until it is acknowledged and send it if possible; returns its nonce. */
  post(content, parent = null) {
    const nonce = makeNonce();
    this.#waiting.set(nonce, { content, parent, writtenAt: Date.now(), sentAt: 0 });
    this.#keep();
    this.#try(nonce);
    return nonce;
  }

  /** The line is open again: send everything anew. The same nonce makes a second copy impossible. */
  resend() {
    for (const nonce of this.#waiting.keys()) this.#try(nonce);
  }

  /** Send again what has been unanswered for long; an answer can be lost while the line lives on. */
  nudge(now = Date.now()) {
    for (const [nonce, { sentAt }] of this.#waiting) {
      if (now - sentAt > IMPATIENT_MS) this.#try(nonce);
    }
  }

  /** The server has it, or refuses it: either way it is not ours to send any more.
   * @returns {{content: string, parent: object|null}|null} */
  settle(nonce) {
    const line = this.#waiting.get(nonce) ?? null;
    if (this.#waiting.delete(nonce)) this.#keep();
    return line;
  }

  #keep() {
    remember(this.#key, this.lines.length ? this.lines : null, "sessionStorage");
  }

  #try(nonce) {
    const line = this.#waiting.get(nonce);
    if (this.#send(nonce, line.content, line.parent)) line.sentAt = Date.now();
  }
}

/** 128 random bits; `crypto.randomUUID` does not exist on plain http in a local network. */
export function makeNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
