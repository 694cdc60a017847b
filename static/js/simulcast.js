/** The page of simulcast: how forwarding to each target is going, as it happens. */
import { request } from "./api.js";
import { Socket } from "./socket.js";

const WORDS = {
  off: "Off",
  waiting: "Starts with your stream",
  connecting: "Connecting",
  live: "Live",
  retrying: "Trying again",
  failed: "Failed",
};

/** @param {HTMLElement} row the `[data-target]` of `targetId` */
function show(row, { state, reason, nextAttemptAt }) {
  if (row.dataset.state === "off") return; // the last word of what was switched off meanwhile
  row.dataset.state = state;
  const words = row.querySelector("[data-target-state]");
  if (words.textContent !== WORDS[state]) words.textContent = WORDS[state] ?? state; // read out when it is news
  const why = row.querySelector("[data-target-reason]");
  why.textContent = reason;
  why.hidden = !reason;
  const next = row.querySelector("[data-target-next]");
  next.dataset.at = nextAttemptAt ?? "";
  count(next);
}

function count(next) {
  const left = Math.ceil((Date.parse(next.dataset.at) - Date.now()) / 1_000);
  next.hidden = Number.isNaN(left);
  if (!next.hidden) next.textContent = left > 0 ? `Next attempt in ${left} s` : "Next attempt now";
}

/** How all of them are doing: what happened before somebody listened, or while nobody did, is told by no frame. */
async function ask(root) {
  heard.clear();
  const targets = await request(`/api/channels/${encodeURIComponent(root.dataset.channelSlug)}/simulcast-targets`);
  for (const target of targets) if (!heard.has(target.id)) tell(root, { ...target, targetId: target.id });
}

function tell(root, told) {
  const row = root.querySelector(`[data-target="${CSS.escape(told.targetId)}"]`);
  if (row) show(row, told);
}

const heard = new Set(); // of whom a frame told since they were asked for: it is newer than the answer
const root = document.querySelector("[data-simulcast]");
const { channelSlug, ticket } = root.dataset;
new Socket({ path: `/ws/dashboard/${encodeURIComponent(channelSlug)}`, ticket, signedIn: true })
  .on("stream:simulcast", (told) => {
    heard.add(told.targetId);
    tell(root, told);
  })
  .watch(({ state }) => state === "open" && ask(root).catch(() => {})) // the next frame tells
  .open();
for (const next of root.querySelectorAll("[data-target-next]")) count(next);
setInterval(() => root.querySelectorAll("[data-target-next]").forEach(count), 1_000);
