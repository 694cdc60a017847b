/** The watch page: picture, numbers and chat of one channel. */
import { Room } from "./chat/room.js";
import { Stage } from "./stage.js";

const player = document.querySelector("[data-player]");
const chat = document.querySelector("[data-chat]");
if (player) new Stage({ player, room: chat && new Room(chat), around: document });
