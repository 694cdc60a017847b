/** Players without a chat: the embed page, and previews on other pages. */
import { Stage } from "./stage.js";

for (const player of document.querySelectorAll("[data-player]")) {
  new Stage({ player, around: player.closest("[data-channel]") ?? player });
}
