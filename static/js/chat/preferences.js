/** How somebody likes their chat: switches in its menu, kept in this browser. */
import { recall, remember } from "../stored.js";

/** Elements that take a power show to those who have it: `data-needs="view_moderation"`. */
export function offerByPower(root, you) {
  for (const element of root.querySelectorAll("[data-needs]")) element.hidden = !you.may(element.dataset.needs);
}

/**
 * @param {HTMLElement} root the `[data-chat]` element, which wears the names of those that are on
 * @param {Record<string, (on: boolean) => void>} [react] what else a switch does
 */
export function attachPreferences(root, react = {}) {
  for (const box of root.querySelectorAll("[data-preference]")) {
    const { preference } = box.dataset;
    const apply = () => {
      root.toggleAttribute(`data-${preference}`, box.checked);
      react[preference]?.(box.checked);
    };
    box.checked = recall(`chat.${preference}`, box.defaultChecked);
    box.addEventListener("change", () => {
      remember(`chat.${preference}`, box.checked);
      apply();
    });
    apply();
  }
}
