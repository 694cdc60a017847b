/** The verdict on an encoder: its grade in words, and each topic with its figure and cures. */

const DASH = "–";

export class Verdict {
  #root;
  #cure;

  /** @param {HTMLElement} root the `[data-verdict]` section */
  constructor(root) {
    this.#root = root;
    this.#cure = root.querySelector("template[data-cure]");
  }

  /** @param {object|null} verdict as the API tells it; null: none yet
   * @param {string} [state] of the rehearsal: one that has begun is measured, even before there are figures */
  show(verdict, state = "") {
    const grade = verdict?.grade ?? (["connecting", "running"].includes(state) ? "measuring" : "");
    this.#root.dataset.grade = grade;
    for (const words of this.#root.querySelectorAll("[data-grade-words]")) {
      words.hidden = words.dataset.gradeWords !== grade;
    }
    const findings = new Map((verdict?.findings ?? []).map((finding) => [finding.topic, finding]));
    for (const line of this.#root.querySelectorAll("[data-topic]")) {
      this.#write(line, findings.get(line.dataset.topic), grade === "measuring");
    }
  }

  /** While it is measured, a topic may be found wanting, but not yet good. */
  #write(line, finding, isMeasuring) {
    const unsure = isMeasuring && finding?.grade === "good";
    line.dataset.grade = unsure ? "" : finding?.grade ?? "";
    line.querySelector("[data-figure]").textContent = finding?.figure || DASH;
    const cures = line.querySelector("[data-cures]");
    const alerts = finding?.alerts ?? [];
    const key = alerts.map(({ title }) => title).join("\n");
    if (cures.dataset.key === key) return;
    cures.dataset.key = key;
    cures.replaceChildren(...alerts.map((alert) => this.#line(alert)));
  }

  #line({ title, cure }) {
    const line = this.#cure.content.firstElementChild.cloneNode(true);
    line.querySelector("b").textContent = title;
    line.querySelector("span").textContent = cure;
    return line;
  }
}
