/** What stands in a `<template data-later>` comes once the page has been painted: on a slow line it would share the way
 * with what is to be seen first. Where nothing is painted, as in a tab or a frame out of sight, it comes all the same. */

const TOGETHER = 6; // so many requests begin in one go: a click waits for a few of them, not for fifty
const PATIENCE_MS = 3_000;

const waiting = [...document.querySelectorAll("template[data-later]")].flatMap((each) => [...each.content.children]);

function bring() {
  // In a hidden tab each further go would wait for a second.
  document.head.append(...waiting.splice(0, document.hidden ? waiting.length : TOGETHER));
  if (waiting.length) setTimeout(bring);
}

requestAnimationFrame(() => setTimeout(bring));
setTimeout(bring, document.hidden ? 0 : PATIENCE_MS);
