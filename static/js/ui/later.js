/** What stands in a `<template data-later>` comes once the page has been painted: on a slow line it would share the way
 * with what is to be seen first. A page that nobody looks at has nothing to wait for. */

const TOGETHER = 6; // so many requests begin in one go: a click waits for a few of them, not for fifty

const waiting = [...document.querySelectorAll("template[data-later]")].flatMap((each) => [...each.content.children]);

function bring() {
  document.head.append(...waiting.splice(0, TOGETHER));
  if (waiting.length) setTimeout(bring);
}

if (document.visibilityState === "hidden") bring();
else requestAnimationFrame(() => setTimeout(bring));
