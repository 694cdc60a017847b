/** The dock beside an encoder: its secret stands behind the # of the address, and stays out of every log. */
import { DockDeeds } from "./chat/dock-deeds.js";
import { Room } from "./chat/room.js";

const TRY_AGAIN_MS = 5_000;
const PATIENCE_MS = 20_000;
const place = document.querySelector("[data-dock]");

async function open(secret) {
  const options = { headers: { "X-Dock": secret }, signal: AbortSignal.timeout(PATIENCE_MS) };
  const answer = await fetch("/dock/room", options).catch(() => null);
  if (answer?.status === 404) return say("This address was renewed or removed. Copy the new one from your dashboard.");
  if (!answer?.ok) {
    say("The server can't be reached. Trying again.");
    return setTimeout(open, TRY_AGAIN_MS, secret);
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.replaceChildren(...page.body.childNodes);
  const root = place.querySelector("[data-chat]");
  new Room(root, new DockDeeds(root.dataset.channelId, secret)).socket.open();
}

function say(words) {
  place.querySelector("[data-dock-state]").textContent = words;
}

if (location.hash.length > 1) open(location.hash.slice(1));
else say("This address is not whole. Copy it from your dashboard again.");
window.addEventListener("hashchange", () => location.reload());
