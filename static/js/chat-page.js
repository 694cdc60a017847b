/** The chat as a page of its own. */
import { Room } from "./chat/room.js";
import { RaidBanner } from "./raid.js";

const root = document.querySelector("[data-chat]");
const raid = document.querySelector("[data-raid]");
if (root) {
  const { socket } = new Room(root);
  if (raid) new RaidBanner(raid, socket);
  socket.open();
}
