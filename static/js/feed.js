/**
 * An endless list: when its "More" link comes near, the next piece is added in its place, and the address remembers
 * how much is shown, so that loading again or coming back shows as much. Without a script the link leads to the next
 * page.
 */

const AHEAD = "1200px"; // so early that a reader seldom waits
const MOST_REMEMBERED = 240; // as many as the server gives at once

const near = new IntersectionObserver((seen) => seen.some(({ isIntersecting }) => isIntersecting) && add(), {
  rootMargin: AHEAD,
});
let isAdding = false;

watch();

function moreLink() {
  return document.querySelector("[data-feed-more]");
}

function watch() {
  near.disconnect();
  const more = moreLink();
  if (!more) return;
  more.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    add();
  };
  near.observe(more);
}

async function add() {
  const more = moreLink();
  if (!more || isAdding) return;
  isAdding = true;
  more.setAttribute("aria-busy", "true");
  try {
    const address = new URL(more.href);
    address.searchParams.set("part", "feed");
    const answer = await fetch(address, { signal: AbortSignal.timeout(20_000) });
    if (!answer.ok) throw new Error(answer.statusText);
    append(new DOMParser().parseFromString(await answer.text(), "text/html"), more);
  } catch {
    // The link stays: pressed, it tries again.
    near.disconnect();
    more.removeAttribute("aria-busy");
    more.textContent = "Try again";
  } finally {
    isAdding = false;
  }
}

function append(piece, more) {
  const list = document.querySelector("[data-feed]");
  const known = new Set([...list.children].map((card) => card.dataset.stream));
  const hadFocus = more === document.activeElement;
  const cards = [...piece.querySelectorAll("[data-feed] > *")].filter((card) => !known.has(card.dataset.stream));
  list.append(...cards);
  const next = piece.querySelector("[data-feed-more]");
  if (next) more.replaceWith(next);
  else more.parentElement.remove();
  if (hadFocus) (cards[0]?.querySelector("a") ?? moreLink())?.focus({ preventScroll: true });
  remember(list.children.length);
  watch();
}

function remember(shown) {
  const here = new URL(location.href);
  if (here.searchParams.has("after")) return; // a page from the middle stays what it is
  here.searchParams.set("shown", Math.min(shown, MOST_REMEMBERED));
  history.replaceState(history.state, "", here);
}
