/** The chat as a page of its own. */
import { Room } from "./chat/room.js";

const root = document.querySelector("[data-chat]");
if (root) new Room(root).socket.open();
