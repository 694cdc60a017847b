/** Says why a passkey was not made or taken. The library's script asks the device, and tells of its errors by an event. */

import { notice, say } from "./messages.js";

const WORDS = {
  NotAllowedError: "Your device did not confirm it. Try again.",
  InvalidStateError: "This device has a passkey for your account already.",
};
const OTHERWISE = "Your device could not do this. Try again, or use another way.";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  say(notice(WORDS[event.detail.exception.name] ?? OTHERWISE));
});
