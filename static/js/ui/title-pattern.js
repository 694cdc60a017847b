/** What a show's next broadcast is called, while its pattern is typed. The server says it again when it is saved. */

for (const pattern of document.querySelectorAll("[data-title-pattern]")) {
  const { form } = pattern;
  const preview = form.querySelector("[data-title-preview]");
  const number = form.elements.next_number;
  const draw = () => {
    const title = pattern.value.replaceAll("{n}", number.value || "1").replaceAll("{date}", preview.dataset.day).trim();
    preview.querySelector("[data-title-shown]").textContent = title;
    preview.hidden = title === "";
  };
  for (const field of [pattern, number]) field.addEventListener("input", draw);
  draw();
}
