/** A script that did not come, or one that it imports, stays away for as long as the page lives: the page says so. No
 * module, since it must not be lost with them. */
addEventListener("error", ({ target }) => {
  const main = document.getElementById("main");
  if (target?.type !== "module" || !main || document.querySelector("[data-incomplete]")) return;
  const words = document.createElement("p");
  words.className = "notice warn";
  words.dataset.incomplete = "";
  words.setAttribute("role", "alert");
  const again = document.createElement("a");
  again.href = location.href; // not a reload, which would send a form once more
  again.className = "text-link";
  again.textContent = "Load it again";
  words.append("A part of this page did not come, so some of it does nothing. ", again);
  main.prepend(words);
}, true);
