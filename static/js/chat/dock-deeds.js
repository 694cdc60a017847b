/** What a dock can do: it has no session, its secret goes along in a header. */
import { request } from "../api.js";
import { Deeds } from "./deeds.js";

export class DockDeeds extends Deeds {
  #secret;

  constructor(channelId, secret) {
    super(channelId);
    this.#secret = secret;
  }

  read(messageId) {
    return this.#do("read", { messageId });
  }

  remove(messageId) {
    return this.#do("remove", { messageId });
  }

  restore(messageId) {
    return this.#do("restore", { messageId });
  }

  pin(messageId) {
    return this.#do("pin", { messageId });
  }

  unpin() {
    return this.#do("unpin");
  }

  purge(userId) {
    return this.#do("purge", { userId });
  }

  timeOut(userId, { seconds, reason }) {
    return this.#do("timeOut", { userId, seconds, reason });
  }

  ban(userId, { reason }) {
    return this.#do("ban", { userId, reason });
  }

  warn(userId, { reason }) {
    return this.#do("warn", { userId, reason });
  }

  lift(userId) {
    return this.#do("lift", { userId });
  }

  #do(deed, body = {}) {
    return request(`/dock/deeds/${deed}`, { method: "POST", body, headers: { "X-Dock": this.#secret } });
  }
}
