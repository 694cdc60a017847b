/** Words with a countdown behind them: the words are read out once, the seconds are only seen. */

export function writeWaiting(box, words, wait = "") {
  if (!box.firstElementChild) box.replaceChildren(part({}), part({ ariaHidden: "true" }));
  write(box.firstElementChild, words);
  write(box.lastElementChild, wait);
}

function part(properties) {
  return Object.assign(document.createElement("span"), properties);
}

function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}
