/**
 * `<a data-card="username">`: who rests on a name, or comes to it by keyboard, sees a card of that person; a finger
 * follows the link. A card is asked for once a minute, however often the pointer passes.
 */

const REST_MS = 350;
const LEAVE_MS = 200;
const KEEP_MS = 60_000;
const KEPT_MOST = 100;
const GAP_PX = 8;

const cards = new Map(); // username → {html: Promise<string>, until}
let box = null;
let name = null; // whose card is open, or about to
let timer = 0;

/** `event` is the first that came to a name. */
export function watchPersonCards(event) {
  document.addEventListener("pointerover", ({ target, pointerType }) => pointerType === "mouse" && over(target));
  document.addEventListener("focusin", ({ target }) => target.matches(":focus-visible") && over(target));
  document.addEventListener("focusout", ({ relatedTarget }) => name && !belongs(relatedTarget) && leave());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !name) return;
    if (box?.contains(document.activeElement)) name.focus();
    close();
  });
  document.addEventListener("scroll", ({ target }) => name && !box?.contains(target) && close(), { capture: true, passive: true });
  if (event.target.matches(event.type === "focusin" ? ":focus-visible" : ":hover")) over(event.target);
  document.addEventListener("swapped", ({ target }) => box?.contains(target) && name && cards.delete(name.dataset.card));
}

function over(target) {
  const next = target.closest?.("[data-card]");
  if (belongs(target)) clearTimeout(timer);
  else if (next) wait(next);
  else if (name) leave();
}

/** Whether it is the name whose card is open, or in the card. */
function belongs(element) {
  return Boolean(name && element && (name.contains(element) || box?.contains(element)));
}

function wait(next) {
  close();
  name = next;
  timer = setTimeout(() => open(next), REST_MS);
}

function leave() {
  clearTimeout(timer);
  timer = setTimeout(close, LEAVE_MS);
}

function close() {
  clearTimeout(timer);
  box?.remove();
  box = name = null;
}

async function open(next) {
  const html = await cardOf(next.dataset.card);
  if (name !== next || !html || !next.isConnected) return;
  const card = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  box = document.createElement("div");
  box.className = "person-card";
  box.popover = "manual";
  box.append(card);
  // Behind the name, so that Tab leads into it; a log would read it aloud as if somebody had said it.
  if (next.closest("[role=log]")) document.body.append(box);
  else next.after(box);
  box.showPopover();
  place(next.getBoundingClientRect());
}

function place({ left, top, bottom }) {
  const { offsetWidth, offsetHeight } = box;
  const below = bottom + GAP_PX + offsetHeight <= innerHeight || top < offsetHeight + GAP_PX;
  box.style.setProperty("--left", `${Math.max(GAP_PX, Math.min(left, innerWidth - offsetWidth - GAP_PX))}px`);
  box.style.setProperty("--top", `${below ? bottom + GAP_PX : top - offsetHeight - GAP_PX}px`);
}

/** The card's HTML, "" when there is none to be had; that is kept, too, so that nobody asks on and on. */
function cardOf(username) {
  const kept = cards.get(username);
  if (kept && kept.until > Date.now()) return kept.html;
  const html = fetch(`/u/${encodeURIComponent(username)}/card`, { signal: AbortSignal.timeout(5_000) })
    .then((answer) => (answer.ok ? answer.text() : ""))
    .catch(() => "");
  cards.delete(username);
  cards.set(username, { html, until: Date.now() + KEEP_MS });
  if (cards.size > KEPT_MOST) cards.delete(cards.keys().next().value);
  return html;
}
