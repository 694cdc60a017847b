/** `<button data-copy="id">` puts the value of that field into the clipboard and says so for two seconds. */

const SAID_FOR = 2000;

export function watchCopyButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
}

async function copy(button) {
  const field = document.getElementById(button.dataset.copy);
  field.select();
  const copied = await write(field.value);
  const label = button.querySelector("[data-copy-label]");
  label.textContent = copied ? "Copied" : "Press Ctrl+C";
  setTimeout(() => (label.textContent = "Copy"), SAID_FOR);
}

async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without HTTPS there is no clipboard API: the selection is what the old command copies.
    return document.execCommand("copy");
  }
}
