/** `<form data-theme-choice>`: the theme changes at once, and the server is told without leaving the page. */

export function watchTheme() {
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-theme-choice]");
    if (!form) return;
    event.preventDefault();
    choose(form, event.submitter.value);
    const body = new FormData(form, event.submitter);
    // Without a line the choice holds for this page; there is nothing better to offer.
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
  });
}

function choose(form, theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of form.querySelectorAll("[name=theme]")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}
