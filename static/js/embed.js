/** Players without a chat: the embed page, and previews on other pages. */
import { RaidBanner } from "./raid.js";
import { Stage } from "./stage.js";

for (const player of document.querySelectorAll("[data-player]")) {
  const stage = new Stage({ player, around: player.closest("[data-channel]") ?? player });
  const raid = player.parentElement.querySelector("[data-raid]");
  if (raid) new RaidBanner(raid, stage.socket);
}
