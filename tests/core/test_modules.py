"""Pages name all modules that they need: what is named is what is imported."""

from __future__ import annotations

import pytest

from apps.core.modules import brought_along
from apps.core.templatetags.ui import module


def test_a_module_brings_along_what_it_imports_and_what_that_imports() -> None:
    found = brought_along("js/watch.js")
    assert len(found) == len(set(found)) > 30
    assert {"js/chat/room.js", "js/player/player.js", "js/player/watchdog.js"} <= set(found)
    assert found.index("js/chat/room.js") < found.index("js/chat/log.js"), "the nearest first"
    assert "js/watch.js" not in found


def test_what_is_loaded_later_is_not_brought_along() -> None:
    found = brought_along("js/watch.js")
    assert "js/load.js" in found
    assert not {"js/chat/picker.js", "js/player/stats-panel.js"} & set(found)
    assert not [name for name in found if "hls" in name]


def test_a_page_names_them_beside_the_module_itself() -> None:
    markup = module("js/embed.js")
    assert markup.count("modulepreload") == len(brought_along("js/embed.js"))
    assert '<link rel="modulepreload" fetchpriority="low" href="/static/js/player/player.js">' in markup
    assert markup.endswith('<script type="module" src="/static/js/embed.js"></script>')


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"static/ holds no js/nowhere\.js"):
        brought_along("js/nowhere.js")
