"""What a machine can hold about the face: no inline script, icons that exist, small files, strict headers."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import brotli
import pytest
from django.test import Client

from apps.channels.models import Channel
from apps.core.modules import brought_along

ROOT = Path(__file__).resolve().parents[2]
LETTERS = ROOT / "templates" / "letters"
EXPORT = ROOT / "templates" / "accounts" / "export.html"
# Letters are read by mail programs, and an export as a file: no policy of ours holds there, and no sheet of
# ours is loaded.
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*.html") if LETTERS not in path.parents and path != EXPORT
)
PINS = tomllib.loads((ROOT / "assets" / "vendor.toml").read_text())
# The scripts that each template begins with, and what a script imports before it runs.
SCRIPT = re.compile(r"""{% module '(js/[^']+)' %}""")
ENTRIES = {
    str(template.relative_to(ROOT / "templates")): found
    for template in TEMPLATES
    if (found := SCRIPT.findall(template.read_text()))
}
IMPORT = re.compile(r"""(?m)^(?:import|export)\b[^"\n]*"(\.[^"]+)";""")
CSS_BUDGET, SCRIPT_BUDGET = 40_000, 60_000  # bytes, compressed


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_carries_inline_style_or_script(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"<style[\s>]", text)
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert "javascript:" not in text
    for attributes in re.findall(r"<script([^>]*)>", text):
        assert "src=" in attributes or "application/json" in attributes


def test_every_letter_is_written_as_text_and_as_html() -> None:
    for kind in ("txt", "html"):
        written = {path.stem for path in LETTERS.glob("*." + kind) if not path.stem.startswith("_")}
        assert written == {path.stem for path in LETTERS.glob("*.txt")}
        for name in written - {"base"}:
            text = (LETTERS / f"{name}.{kind}").read_text()
            assert text.startswith(f'{{% extends "letters/base.{kind}" %}}'), name


def test_every_component_names_its_inputs_first() -> None:
    for template in (ROOT / "templates" / "components").glob("*.html"):
        assert re.match(r"\{# (no )?inputs", template.read_text()), template.name


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/img/icons.svg").read_text()))
    named = {
        name
        for template in TEMPLATES
        for name in re.findall(r'(?:\{% icon |icon_name=)"([^"]+)"', template.read_text())
    }
    assert named <= sprite
    assert sprite == set(PINS["icons"]["names"])


def test_vendored_files_are_those_that_were_pinned() -> None:
    for package in PINS["package"]:
        for file in package["files"]:
            content = (ROOT / "static/vendor" / package["folder"] / file["to"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"], file["to"]
    sprite = (ROOT / "static/img/icons.svg").read_bytes()
    assert hashlib.sha256(sprite).hexdigest() == PINS["icons"]["sha256"]


def test_nothing_is_vendored_without_a_pin_and_a_licence() -> None:
    vendor = ROOT / "static/vendor"
    pinned = {f"{p['folder']}/{f['to']}" for p in PINS["package"] for f in p["files"]}
    pinned |= {f"{p['folder']}/LICENSE" for p in PINS["package"]}
    assert {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file()} == pinned
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text()
    for package in [*PINS["package"], PINS["icons"]]:
        assert f"## {package['name']} {package['version']} ({package['licence']})" in notices


def served_size(files: Iterable[Path]) -> int:
    """Bytes on their way to a browser that takes brotli, as all do; each file is compressed by itself."""
    return sum(len(brotli.compress(path.read_bytes())) for path in files)


def loaded_with(entry: str) -> set[Path]:
    """The script and all that it imports at once."""
    found: set[Path] = set()
    waiting = [ROOT / "static" / entry]
    while waiting:
        path = waiting.pop().resolve()
        if path not in found:
            found.add(path)
            waiting += [path.parent / name for name in IMPORT.findall(path.read_text())]
    return found


def test_every_module_is_named_by_the_page_that_needs_it() -> None:
    for entry in set().union(*ENTRIES.values()):
        named = {(ROOT / "static" / name).resolve() for name in [entry, *brought_along(entry)]}
        assert named == loaded_with(entry), entry
    bare = [path.name for path in TEMPLATES if 'type="module"' in path.read_text()]
    assert bare == []


def test_our_own_css_stays_small() -> None:
    assert served_size((ROOT / "static/css").glob("*.css")) < CSS_BUDGET


@pytest.mark.parametrize("template", sorted(ENTRIES))
def test_a_page_loads_little_of_our_own_script(template: str) -> None:
    loaded = map(loaded_with, [*ENTRIES["base.html"], *ENTRIES[template]])
    assert served_size(set().union(*loaded)) < SCRIPT_BUDGET


def test_what_is_loaded_later_can_be_loaded_again() -> None:
    """A bare `import()` that failed once fails for as long as the page lives, and so does what it imports."""
    at_once = set().union(*(loaded_with(entry) for entries in ENTRIES.values() for entry in entries))
    for script in (ROOT / "static/js").rglob("*.js"):
        text = script.read_text()
        is_bare = re.search(r"(?m)^(?!\s*/?\*).*\bimport\(", text)
        assert script.name == "load.js" or not is_bare, script
        for path in re.findall(r'\bload\("([^"]+\.js)"\)', text):
            assert loaded_with(f"js/{path}") - at_once == {(ROOT / "static/js" / path).resolve()}, path


def test_style_sheets_use_only_tokens_that_exist() -> None:
    sheets = "\n".join(path.read_text() for path in (ROOT / "static/css").glob("*.css"))
    defined = set(re.findall(r"(--[a-z0-9-]+)\s*:", sheets))
    without_default = set(re.findall(r"var\((--[a-z0-9-]+)\)", sheets))
    assert without_default <= defined


def test_pages_forbid_what_they_do_not_use(channel: Channel, visitor: Client) -> None:
    for path in ("/", "/streams/night-shift", "/auth/login"):
        policy = visitor.get(path).headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "style-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_only_the_embedded_player_may_stand_in_other_peoples_pages(channel: Channel, visitor: Client) -> None:
    embedded = visitor.get("/embed/night-shift")
    assert "frame-ancestors *" in embedded.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in embedded.headers
    assert visitor.get("/streams/night-shift").headers["X-Frame-Options"] == "DENY"
