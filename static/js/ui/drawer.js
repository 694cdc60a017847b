/** The chat as a phone's drawer: `<button data-chat-toggle>` closes it to its header and opens it again. */

export function watchDrawers() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chat-toggle]");
    if (!button) return;
    const closed = button.closest("[data-chat]").toggleAttribute("data-closed");
    button.setAttribute("aria-expanded", String(!closed));
  });
}
