/** The page of simulcast: how forwarding to each target is going, as it happens. */
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
  row.querySelector("[data-target-state]").textContent = WORDS[state] ?? state;
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

const root = document.querySelector("[data-simulcast]");
const { channelSlug, ticket } = root.dataset;
new Socket({ path: `/ws/dashboard/${encodeURIComponent(channelSlug)}`, ticket, signedIn: true })
  .on("stream:simulcast", (told) => {
    const row = root.querySelector(`[data-target="${CSS.escape(told.targetId)}"]`);
    if (row) show(row, told);
  })
  .open();
for (const next of root.querySelectorAll("[data-target-next]")) count(next);
setInterval(() => root.querySelectorAll("[data-target-next]").forEach(count), 1_000);
