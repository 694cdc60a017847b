/** What can be done to messages and people of a room, over the API. Each rejects with ApiError. */
import { request } from "../api.js";

export class Deeds {
  #channel;

  /** @param {string} channelId */
  constructor(channelId) {
    this.#channel = `/api/channels/${encodeURIComponent(channelId)}`;
  }

  remove(messageId) {
    return request(`/api/messages/${messageId}`, { method: "DELETE" });
  }

  restore(messageId) {
    return request(`/api/messages/${messageId}/restore`, { method: "POST", body: {} });
  }

  /** Remove all that a person said here. */
  purge(userId) {
    return this.#post("mod/purge", { userId });
  }

  /** A moderator still reads what was removed. */
  read(messageId) {
    return request(`/api/messages/${messageId}`);
  }

  pin(messageId) {
    return this.#post("pin", { messageId });
  }

  unpin() {
    return request(`${this.#channel}/pin`, { method: "DELETE" });
  }

  timeOut(userId, { seconds, reason }) {
    return this.#post("mod/timeout", { userId, seconds, reason });
  }

  ban(userId, { reason }) {
    return this.#post("mod/ban", { userId, reason });
  }

  warn(userId, { reason }) {
    return this.#post("mod/warn", { userId, reason });
  }

  /** Lift a ban or a time-out. */
  lift(userId) {
    return request(`${this.#channel}/bans/${userId}`, { method: "DELETE" });
  }

  acknowledge(warningId) {
    return this.#post(`warnings/${warningId}/acknowledge`, {});
  }

  askToBeUnbanned(text) {
    return this.#post("unban-requests", { text });
  }

  report(messageId, { reason, words }) {
    return request("/api/reports", { method: "POST", body: { kind: "message", subjectId: messageId, reason, words } });
  }

  block(userId) {
    return request(`/api/users/${userId}/block`, { method: "POST", body: {} });
  }

  unblock(userId) {
    return request(`/api/users/${userId}/block`, { method: "DELETE" });
  }

  thread(messageId) {
    return request(`/api/messages/${messageId}/thread?limit=100`);
  }

  /** Who is in the room, those with a role first. */
  chatters(page = 1) {
    return request(`${this.#channel}/chatters?limit=100&page=${page}`);
  }

  /** The slash commands that one may use here. */
  async commands() {
    return (await request(`${this.#channel}/commands`)).commands;
  }

  latest(limit) {
    return request(`${this.#channel}/messages?limit=${limit}`);
  }

  before(seq, limit) {
    return request(`${this.#channel}/messages?before=${seq}&limit=${limit}`);
  }

  #post(path, body) {
    return request(`${this.#channel}/${path}`, { method: "POST", body });
  }
}
