/**
 * Asks in a dialog who one is. The server does what was wanted with the answer to that, whose page is taken as any
 * other; that closes the dialog (swap.js).
 */

/** Whether `question`, a part of the page that the server answered with, could be asked here: a passkey can't. */
export function askForProof(question, ids) {
  if (!question.querySelector("form input[type=password], form input[name=code]")) return false;
  const dialog = document.getElementById("proof") ?? document.body.appendChild(newDialog());
  dialog.replaceChildren(document.adoptNode(question), closeButton(dialog));
  for (const form of dialog.querySelectorAll("form[action]")) form.dataset.swap = ids;
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("input:not([type=hidden])").focus();
  return true;
}

function newDialog() {
  return Object.assign(document.createElement("dialog"), { id: "proof", className: "dialog", ariaLabel: "Confirm that it is you" });
}

function closeButton(dialog) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button ghost large wide", textContent: "Not now" });
  button.addEventListener("click", () => dialog.close());
  return button;
}
