/** Through the lines with the keyboard: up and down, Enter for the menu, Escape back to the field. */

/**
 * @param {HTMLElement} root the `[data-chat]` element
 * @param {import("./log.js").Log} log
 * @param {import("./menu.js").MessageMenu} menu
 */
export function walkWithKeys(root, log, menu) {
  const list = root.querySelector("[data-chat-log]");
  const field = root.querySelector("[data-chat-form] textarea");
  const lines = () => [...list.querySelectorAll("[data-message-id]:not([hidden])")];

  const steps = {
    ArrowUp: (all, at) => (at === -1 ? all.length - 1 : Math.max(0, at - 1)),
    ArrowDown: (all, at) => (at === -1 ? all.length - 1 : Math.min(all.length - 1, at + 1)),
    Home: () => 0,
    End: (all) => all.length - 1,
  };

  list.addEventListener("keydown", (event) => {
    const line = event.target.closest("[data-message-id]");
    if (event.target !== list && event.target !== line) return; // a link or a button has keys of its own
    if (steps[event.key]) step(event, line);
    else if (event.key === "Escape") field?.focus();
    else if (line && event.key === "Enter") take(event, () => menu.open(line));
    else if (line && event.key.toLowerCase() === "r" && !event.ctrlKey && !event.metaKey) {
      take(event, () => menu.run("reply", line));
    }
  });
  list.addEventListener("focusin", ({ target }) => target.matches("[data-message-id]") && log.hold("focus"));
  list.addEventListener("focusout", () => log.release("focus"));
  field?.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" && field.value === "" && !event.defaultPrevented) step(event, null);
  });

  function step(event, line) {
    const all = lines();
    const to = all[steps[event.key](all, all.indexOf(line))];
    if (to) take(event, () => focus(to));
  }

  function take(event, run) {
    event.preventDefault();
    run();
  }

  function focus(line) {
    line.tabIndex = -1;
    line.focus({ preventScroll: true });
    line.scrollIntoView({ block: "nearest" });
  }
}
