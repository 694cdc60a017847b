/**
 * `<input data-tag-input="10">` holds words between commas; here each becomes a button that removes it.
 * The field itself stays and is what the form sends, so nothing changes for the server. If it has a `list`, tags in
 * use are suggested there.
 */

import { request } from "../api.js";

const SUGGEST_AFTER_MS = 200;

enhanceAll(document);
document.addEventListener("swapped", (event) => enhanceAll(event.target));

function enhanceAll(root) {
  for (const field of root.querySelectorAll("input[data-tag-input]")) enhance(field, Number(field.dataset.tagInput));
}

function enhance(field, most) {
  const box = document.createElement("div");
  box.className = "tag-input";
  const entry = document.createElement("input");
  entry.type = "text";
  entry.id = field.id;
  entry.maxLength = 25;
  for (const name of ["aria-describedby", "aria-invalid", "list"]) {
    if (field.hasAttribute(name)) entry.setAttribute(name, field.getAttribute(name));
  }
  field.removeAttribute("id");
  field.type = "hidden";
  field.before(box);
  box.append(entry);

  const draw = () => {
    const words = wordsOf(field);
    // The entry itself is never moved: that would take the focus from who types.
    for (const old of box.querySelectorAll("button")) old.remove();
    entry.before(...words.map(button));
    entry.placeholder = words.length >= most ? "" : "Add a tag";
    entry.readOnly = words.length >= most;
  };
  const keep = (words) => {
    field.value = [...new Set(words)].slice(0, most).join(", ");
    draw();
  };
  const button = (word) => {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = `${word} ×`;
    element.setAttribute("aria-label", `Remove ${word}`);
    element.addEventListener("click", () => {
      keep(wordsOf(field).filter((other) => other !== word));
      entry.focus();
    });
    return element;
  };
  const add = () => {
    const words = entry.value.split(",").map((word) => word.trim().replace(/^#+/, "").toLowerCase()).filter(Boolean);
    entry.value = "";
    if (words.length) keep([...wordsOf(field), ...words]);
  };
  entry.addEventListener("input", () => (entry.value.includes(",") ? add() : suggest(entry)));
  entry.addEventListener("blur", add);
  entry.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter confirms a word in an input method
    if (event.key === "Enter" && entry.value.trim()) {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && entry.value === "") {
      keep(wordsOf(field).slice(0, -1));
    }
  });
  // Enter elsewhere, or a click on the button: what stands in the entry belongs to the form.
  field.form.addEventListener("submit", add, { capture: true });
  draw();
}

/** What others call it, once the typing pauses; without an answer the list stays as it was. */
function suggest(entry) {
  clearTimeout(entry.asking);
  const typed = entry.value.trim().replace(/^#+/, "").toLowerCase();
  if (!entry.list || !typed) return;
  entry.asking = setTimeout(async () => {
    const answer = await request(`/api/tags?q=${encodeURIComponent(typed)}`).catch(() => null);
    if (!answer || !entry.isConnected) return;
    entry.list.replaceChildren(...answer.data.map((tag) => new Option(tag, tag)));
  }, SUGGEST_AFTER_MS);
}

function wordsOf(field) {
  return field.value.split(",").map((word) => word.trim()).filter(Boolean);
}
