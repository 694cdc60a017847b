/** `[data-card]` marks a person's name. The card beside it comes with the first name that somebody rests on. */
import { load } from "../load.js";

export function watchPersonNames() {
  const watched = new AbortController();
  const come = async (event) => {
    if (event.pointerType === "touch" || !event.target.closest?.("[data-card]")) return;
    watched.abort();
    // Without a card the name is still a link.
    const module = await load("ui/person-card.js").catch(() => null);
    module?.watchPersonCards(event);
  };
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, come, { signal: watched.signal });
}
