/** What the server has to say about a deed: at the head of a page, or floating over it for a while. */

const SAID_FOR = 6000;
let hiding = 0;

/** Nothing pushes a picture and its chat down: what such a page has to say floats, and goes. */
export function watchMessages() {
  const messages = document.getElementById("messages");
  if (messages?.children.length && document.body.matches(".watching, .studio")) say(...messages.children);
}

/** Show notices over the page, wherever it is scrolled to, for as long as it takes to read them. */
export function say(...notices) {
  const messages = document.getElementById("messages");
  if (!messages) return;
  clearTimeout(hiding);
  messages.replaceChildren(...notices);
  messages.hidden = notices.length === 0;
  messages.dataset.floating = "";
  hiding = setTimeout(() => (messages.hidden = true), SAID_FOR);
}

/** A notice of trouble. */
export function notice(text) {
  const box = document.createElement("div");
  box.className = "notice bad";
  box.textContent = text;
  return box;
}
