/** The watch page: picture, numbers and chat of one channel. */
import { Room } from "./chat/room.js";
import { RaidBanner } from "./raid.js";
import { Stage } from "./stage.js";

const player = document.querySelector("[data-player]");
const chat = document.querySelector("[data-chat]");
const raid = document.querySelector("[data-raid]");
if (player) {
  const stage = new Stage({ player, room: chat && new Room(chat), around: document });
  if (raid) new RaidBanner(raid, stage.socket);
}
