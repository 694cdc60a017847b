/** A `<dialog>` with a form as a question. */

/** @returns {Promise<Record<string, string>|null>} what was answered; null when the dialog was left */
export function ask(dialog) {
  dialog.querySelector("form").reset();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const answer = () => Object.fromEntries(new FormData(dialog.querySelector("form")));
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "done" ? answer() : null), { once: true });
  });
}
