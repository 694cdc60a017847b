/**
 * `<form data-swap="id …">` (or a link): sent in the background, and of the page that comes back only the elements
 * with these ids are taken into this one. So the video plays on while somebody follows, saves or reveals a key.
 * Without a script the same form loads the same page.
 */

import { load } from "../load.js";
import { notice, say } from "./messages.js";

const PATIENCE_MS = 30_000;
const UNSENT = "This could not be sent. Check your connection and try again.";
const UNANSWERED = "No answer came, so it is not known whether this was done. Load the page again to see.";

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
  const form = new Form(source);
  const headers = { Accept: "text/html" };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const answer = await fetch(address, { ...options, headers, signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (take(page, source.dataset.swap.split(" "), form)) return endProof(source);
    if (await asksForProof(page, source.dataset.swap)) return;
    if (!answer.ok) say(notice(refusalOn(page)));
    else location.assign(answer.redirected ? answer.url : location.href);
  } catch ({ name }) {
    say(notice(name === "TimeoutError" ? UNANSWERED : UNSENT));
  } finally {
    source.removeAttribute("aria-busy");
  }
}

/** The answer is the question who one is: it is asked here, where nothing that was typed is lost. Where that can't be
 * had, its page asks. */
async function asksForProof(page, ids) {
  const question = page.querySelector("[data-proof]");
  const asker = question && (await load("ui/proof.js").catch(() => null));
  return asker?.askForProof(question, ids) ?? false;
}

function endProof(source) {
  source.closest("dialog#proof")?.close();
}

/** Whether the answer held all of them; they stand in place of ours then, and its messages are said. */
function take(page, ids, form) {
  const pairs = ids.map((id) => [document.getElementById(id), page.getElementById(id)]);
  if (!pairs.every(([ours, theirs]) => ours && theirs)) return false;
  for (const [ours, theirs] of pairs) replace(ours, theirs, form);
  say(...(page.getElementById("messages")?.children ?? []));
  return true;
}

function replace(ours, theirs, form) {
  const focused = ours.contains(document.activeElement) ? document.activeElement : null;
  if (ours.contains(form.element)) form.carryOn(theirs);
  ours.replaceWith(theirs);
  theirs.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  if (focused) focusAgain(focused, theirs, form.isNewIn(focused));
}

/** Who writes on goes on writing; who waits is led to what is wrong. */
function focusAgain(focused, part, writesOn) {
  const same = focused.id ? part.querySelector(`#${CSS.escape(focused.id)}`) : null;
  const wrong = writesOn ? null : part.querySelector("[aria-invalid=true]");
  const next = wrong ?? same ?? part.querySelector("input:not([type=hidden]), button");
  next?.focus();
  if (writesOn && next === same && focused.selectionStart !== null) same.setSelectionRange(focused.selectionStart, focused.selectionEnd);
}

/** The words of a form at the moment when it was sent. A link has none. */
class Form {
  #sent;

  constructor(element) {
    this.element = element;
    this.#sent = wordsIn(element);
  }

  /** Whether this field has other words by now. */
  isNewIn({ name, value }) {
    return this.#sent.has(name) && this.#sent.get(name) !== value;
  }

  /** What was typed since goes on in what comes in its place. */
  carryOn(part) {
    const { element } = this;
    const action = CSS.escape(element.getAttribute("action") ?? "");
    const next = part.matches("form") ? part : part.querySelector(`form[action="${action}"]`);
    for (const [name, value] of wordsIn(element)) {
      const field = next?.elements.namedItem(name);
      if (field && this.isNewIn({ name, value })) field.value = value;
    }
  }
}

function wordsIn(element) {
  return new Map(element.matches("form") ? new FormData(element) : []);
}

/** What an error page says. Leaving for it would lose what was typed here. */
function refusalOn(page) {
  const words = ["h1", "h1 + p"].map((part) => page.querySelector(`main ${part}`)?.textContent.trim());
  return words.filter(Boolean).join(". ") || "The server could not do this. Try again in a moment.";
}
