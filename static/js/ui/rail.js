/** The rail: wide or narrow as its reader likes, and as fresh as a minute while somebody looks at the page. */

const EVERY_MS = 60_000;
const A_YEAR_S = 365 * 24 * 3600;

const rail = document.querySelector("[data-rail]");
if (rail) watch(rail);

function watch(rail) {
  rail.querySelector("[data-rail-toggle]").addEventListener("click", () => toggle(rail));
  // Pages that were opened together do not ask together.
  setTimeout(() => {
    refresh(rail);
    setInterval(() => refresh(rail), EVERY_MS);
  }, EVERY_MS * (0.5 + Math.random() / 2));
  let hiddenAt = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hiddenAt = Date.now();
    else if (Date.now() - hiddenAt > EVERY_MS) refresh(rail);
  });
}

/** The server draws the next page as this one is left; nothing jumps then. */
function toggle(rail) {
  const isWide = rail.offsetWidth > 100;
  rail.dataset.rail = isWide ? "no" : "yes";
  document.cookie = `rail=${rail.dataset.rail}; path=/; max-age=${A_YEAR_S}; samesite=lax`;
}

async function refresh(rail) {
  const isShown = rail.offsetWidth > 0;
  if (document.hidden || !isShown) return;
  try {
    const answer = await fetch("/rail", { signal: AbortSignal.timeout(20_000) });
    if (answer.ok) put(rail.querySelector("[data-rail-lists]"), await answer.text());
  } catch {
    // The next round asks again.
  }
}

/** New lists in place of the old ones. The open channel's own place stays: its numbers follow its stream. */
export function put(lists, html) {
  if (lists.contains(document.activeElement)) return; // who goes through the list keeps their place
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const here = [...fresh.querySelectorAll("a")].find((link) => link.getAttribute("href") === location.pathname);
  const mine = lists.querySelector("[aria-current]");
  if (here && mine) here.closest("li").replaceWith(mine.closest("li"));
  else here?.setAttribute("aria-current", "page");
  lists.replaceChildren(...fresh.childNodes);
}
