/**
 * `<form data-swap="id">` (or a link): sent in the background, and of the page that comes back only the element
 * with that id is taken into this one. So the video plays on while somebody follows, saves or reveals a key.
 * Without a script the same form loads the same page.
 */

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
    if (!take(page, source.dataset.swap)) location.assign(answer.redirected ? answer.url : location.href);
  } catch {
    say("This could not be sent. Check your connection and try again.");
  } finally {
    source.removeAttribute("aria-busy");
  }
}

/** Whether the answer held the element; it stands in place of ours then, with the page's messages. */
function take(page, id) {
  const ours = document.getElementById(id);
  const theirs = page.getElementById(id);
  if (!ours || !theirs) return false;
  const focused = ours.contains(document.activeElement);
  ours.replaceWith(theirs);
  const messages = page.getElementById("messages");
  if (messages) document.getElementById("messages")?.replaceWith(messages);
  if (focused) (theirs.querySelector("[aria-invalid=true]") ?? theirs.querySelector("input:not([type=hidden]), button"))?.focus();
  theirs.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  return true;
}

function say(text) {
  const messages = document.getElementById("messages");
  const notice = document.createElement("div");
  notice.className = "notice bad";
  notice.textContent = text;
  messages.replaceChildren(notice);
  messages.hidden = false;
}
