/** `<form data-typed-confirmation="words">`: its button works once these words are typed. The server checks, too. */

export function watchConfirmations() {
  for (const form of document.querySelectorAll("[data-typed-confirmation]")) {
    const field = form.querySelector("input[type=text]");
    const button = form.querySelector("[type=submit]");
    const judge = () => (button.disabled = field.value.trim() !== form.dataset.typedConfirmation);
    field.addEventListener("input", judge);
    judge();
  }
}
