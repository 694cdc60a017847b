/** The watch page: picture, numbers and chat of one channel. */
import { Stage } from "./stage.js";

const player = document.querySelector("[data-player]");
if (player) new Stage({ player, chat: document.querySelector("[data-chat]"), around: document });
