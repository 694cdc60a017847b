"""The creator's view of their stream's health."""

from __future__ import annotations

from playwright.sync_api import Page

from . import run

# health/graph.js


def test_the_graph_ends_at_the_right_and_a_hole_in_time_is_a_hole_in_the_line(module_page: Page) -> None:
    drawn = run(
        module_page,
        "health/graph.js",
        """
        const at = (seconds, kbps) => ({ at: seconds * 1000, kbps });
        return [m.paths([at(0, 50), at(2, 100), at(60, 100)], 100), m.paths([], 100)];
        """,
    )
    assert drawn[0]["line"] == "M540 50L542 0M600 0"
    assert drawn[0]["area"] == "M540 100V50L542 0V100ZM600 100V0V100Z"
    assert drawn[1] == {"line": "", "area": ""}


def test_the_graph_s_upper_edge_is_a_round_number_above_the_line(module_page: Page) -> None:
    edges = run(module_page, "health/graph.js", "return [0, 95, 400, 2600, 6000, 9500].map(m.ceiling)")
    assert edges == [100, 200, 500, 3000, 8000, 20000]


# health/alerts.js

ALERTS = """
    const root = document.createElement("section");
    root.innerHTML = `<ul data-alerts></ul><p data-alert-news></p><template data-alert><li>
      <b data-alert-title></b><time data-alert-since></time><span data-alert-cure></span></li></template>`;
    const alerts = new m.Alerts(root);
    const since = "2026-11-27T11:00:00Z";
    const alert = (code, title) => ({ code, title, cure: "Mend it.", severity: "info", since });
    const titles = () => [...root.querySelectorAll("b")].map((b) => b.textContent);
    const news = () => root.querySelector("[data-alert-news]").textContent;
"""


def test_alerts_come_and_go_in_place_and_only_news_are_said(module_page: Page) -> None:
    seen = run(
        module_page,
        "health/alerts.js",
        ALERTS
        + """
        alerts.show([alert("A", "First")]);
        const line = root.querySelector("li");
        const said = [news()];
        alerts.show([alert("B", "<b>Second</b>"), alert("A", "First, 2 s")]);
        said.push(news());
        alerts.show([alert("B", "<b>Second</b>"), alert("A", "First, 4 s")]);
        said.push(news());
        const both = titles();
        const kept = root.querySelectorAll("li")[1] === line;
        alerts.show([alert("A", "First, 6 s")]);
        return [said, both, kept, titles(), news()];
        """,
    )
    assert seen == [
        ["First. Mend it.", "<b>Second</b>. Mend it.", "<b>Second</b>. Mend it."],
        ["<b>Second</b>", "First, 4 s"],
        True,
        ["First, 6 s"],
        "Over: <b>Second</b>.",
    ]
