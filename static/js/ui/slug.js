/** `<input data-slug-from="name">` follows the field of that name until somebody types into it. */

for (const slug of document.querySelectorAll("[data-slug-from]")) {
  const name = slug.form.elements[slug.dataset.slugFrom];
  let follows = slug.value === "";
  slug.addEventListener("input", () => (follows = slug.value === ""));
  name.addEventListener("input", () => {
    if (follows) slug.value = slugFrom(name.value);
  });
}

/** The same rule as the server's `slug_from`. */
function slugFrom(name) {
  const plain = name.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase();
  const dashed = plain.replace(/[^a-z0-9]+/g, "-");
  return trimmed(trimmed(dashed).slice(0, 40));
}

function trimmed(text) {
  return text.replace(/^-+|-+$/g, "");
}
