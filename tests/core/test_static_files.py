"""The one-command server sends the project's files compressed, from copies that follow what is written."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from aethex import static_files

SCRIPT = "/static/js/socket.js"
ASKED = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def written(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of static files of its own, with one script."""
    folder = tmp_path / "static"
    settings.STATICFILES_DIRS, settings.COMPRESSED_DIR = [folder], tmp_path / "compressed"
    monkeypatch.setattr(static_files, "WRITTEN", folder)
    script = folder / "js" / "socket.js"
    script.parent.mkdir(parents=True)
    script.write_text("// first\n" * 100)
    return script


def test_who_takes_it_compressed_gets_it_compressed(written: Path) -> None:
    answer = Client().get(SCRIPT, headers=ASKED)
    assert answer["Content-Encoding"] == "gzip"
    assert answer["Vary"] == "Accept-Encoding"
    assert answer["Content-Type"].startswith("text/javascript")
    body = answer.getvalue()
    assert int(answer["Content-Length"]) == len(body) < 100
    assert gzip.decompress(body) == written.read_bytes()
    plain = Client().get(SCRIPT)
    assert "Content-Encoding" not in plain
    assert plain.getvalue() == written.read_bytes()


def test_what_was_written_since_is_sent_and_nothing_is_compressed_twice(
    written: Path, tmp_path: Path
) -> None:
    Client().get(SCRIPT, headers=ASKED)
    [copy] = (tmp_path / "compressed").rglob("*.gz")
    inode = copy.stat().st_ino
    Client().get(SCRIPT, headers=ASKED)
    assert copy.stat().st_ino == inode
    written.write_text("// second\n" * 100)
    os.utime(written, ns=(1_000_000_000, 1_000_000_000))
    assert gzip.decompress(Client().get(SCRIPT, headers=ASKED).getvalue()) == b"// second\n" * 100


def test_another_size_is_another_file_though_the_clock_says_the_same(written: Path) -> None:
    for words in ("// one release\n" * 100, "// the next\n" * 100):
        written.write_text(words)
        os.utime(written, ns=(1_000_000_000, 1_000_000_000))
        assert gzip.decompress(Client().get(SCRIPT, headers=ASKED).getvalue()) == words.encode()


def test_players_on_other_sites_may_load_modules(written: Path) -> None:
    for headers in (ASKED, {}):
        assert Client().get(SCRIPT, headers=headers)["Access-Control-Allow-Origin"] == "*"


def test_pictures_and_fonts_stay_as_they_are(written: Path, tmp_path: Path) -> None:
    (written.parent / "dot.woff2").write_bytes(b"font" * 100)
    assert "Content-Encoding" not in Client().get("/static/js/dot.woff2", headers=ASKED)
    assert list((tmp_path / "compressed").rglob("dot*")) == []
