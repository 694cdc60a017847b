/** The page of raids: the countdown, and what became of it. */
import { ServerClock } from "./clock.js";
import { Socket } from "./socket.js";

const root = document.querySelector("[data-raids]");
const clock = new ServerClock();

function count() {
  const words = root.querySelector("[data-raid-countdown]");
  if (!words) return;
  const left = Math.max(0, Math.ceil((Date.parse(words.dataset.dueAt) - clock.now()) / 1_000));
  words.textContent = left ? `In ${left} s your viewers go there. Each can choose to stay.` : "Your viewers go now.";
}

/** What the page shows of it comes from the server again; the forms below keep what was typed into them. */
async function renew() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [ours, theirs] = [document, page].map((from) => from.getElementById("raid-panel"));
  if (ours && theirs) ours.replaceWith(document.adoptNode(theirs));
  count();
}

const socket = new Socket({ path: `/ws/channels/${encodeURIComponent(root.dataset.channelSlug)}?watch=0` });
socket.on("*", (_, { timestamp }) => clock.learn(timestamp));
for (const type of ["raid:start", "raid:cancel", "raid:go", "stream:started", "stream:ended"]) socket.on(type, renew);
socket.open();
count();
setInterval(count, 500);
