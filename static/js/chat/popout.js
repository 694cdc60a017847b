/** `<a data-pop-out>`: the chat in a small window of its own; without a script it is a page like others. */

const SHAPE = "popup,width=400,height=720";

export function attachPopOut(root) {
  root.querySelector("[data-pop-out]")?.addEventListener("click", (event) => {
    // Somebody who asks for a tab gets one, and so does somebody whose browser allows no windows.
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (window.open(event.currentTarget.href, `chat-${root.dataset.channelId}`, SHAPE)) event.preventDefault();
  });
}
