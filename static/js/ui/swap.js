/**
 * `<form data-swap="id …">` (or a link): sent in the background, and of the page that comes back only the elements
 * with these ids are taken into this one. So the video plays on while somebody follows, saves or reveals a key.
 * Without a script the same form loads the same page.
 */

import { notice, say } from "./messages.js";

export function watchSwaps() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-swap]");
    if (!form || event.defaultPrevented) return;
    event.preventDefault();
    if (form.hasAttribute("aria-busy")) return; // a double click is one deed
    const body = new FormData(form, event.submitter);
    // Not `form.action`: that may be a field of this name.
    swap(form, form.getAttribute("action") ?? location.href, { method: "POST", body });
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
    if (take(page, source.dataset.swap.split(" "))) return;
    if (!answer.ok) say(notice(refusalOn(page)));
    else location.assign(answer.redirected ? answer.url : location.href);
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

/** What an error page says. Leaving for it would lose what was typed here. */
function refusalOn(page) {
  const words = ["h1", "h1 + p"].map((part) => page.querySelector(`main ${part}`)?.textContent.trim());
  return words.filter(Boolean).join(". ") || "The server could not do this. Try again in a moment.";
}
