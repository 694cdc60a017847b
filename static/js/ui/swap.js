/**
 * `<form data-swap="id …">` (or a link): sent in the background, and of the page that comes back only the elements
 * with these ids are taken into this one. So the video plays on while somebody follows, saves or reveals a key.
 * Without a script the same form loads the same page.
 */

const SAID_FOR = 6000;
let hiding = 0;

export function watchSwaps() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-swap]");
    if (!form || event.defaultPrevented) return;
    event.preventDefault();
    const body = new FormData(form, event.submitter);
    swap(form, form.action, { method: "POST", body });
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    swap(link, link.href, {});
  });
}

async function swap(source, address, options) {
  source.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { ...options, credentials: "same-origin", headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!take(page, source.dataset.swap.split(" "))) location.assign(answer.redirected ? answer.url : location.href);
  } catch {
    say(notice("This could not be sent. Check your connection and try again."));
  } finally {
    source.removeAttribute("aria-busy");
  }
}

/** Whether the answer held all of them; they stand in place of ours then, and its messages are said. */
function take(page, ids) {
  const pairs = ids.map((id) => [document.getElementById(id), page.getElementById(id)]);
  if (!pairs.every(([ours, theirs]) => ours && theirs)) return false;
  for (const [ours, theirs] of pairs) replace(ours, theirs);
  say(...(page.getElementById("messages")?.children ?? []));
  return true;
}

function replace(ours, theirs) {
  const focused = ours.contains(document.activeElement);
  ours.replaceWith(theirs);
  const wrong = theirs.querySelector("[aria-invalid=true]");
  if (focused) (wrong ?? theirs.querySelector("input:not([type=hidden]), button"))?.focus();
  theirs.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
}

/** Show notices over the page, wherever it is scrolled to, for as long as it takes to read them. */
function say(...notices) {
  const messages = document.getElementById("messages");
  if (!messages) return;
  clearTimeout(hiding);
  messages.replaceChildren(...notices);
  messages.hidden = notices.length === 0;
  messages.dataset.floating = "";
  hiding = setTimeout(() => (messages.hidden = true), SAID_FOR);
}

function notice(text) {
  const box = document.createElement("div");
  box.className = "notice bad";
  box.textContent = text;
  return box;
}
