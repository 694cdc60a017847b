"""Which modules of ours a module brings along, so that a page can name all of them at once."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders

# `import … from "./x.js"`, `export … from "./x.js"` and `import "./x.js"`; what `load()` fetches comes later.
_NAMED = re.compile(r'^(?:(?:import|export)\b[^;"]*?\bfrom\s*|import\s*)"(\.[^"]+)"', re.M)


@cache
def brought_along(name: str) -> tuple[str, ...]:
    """The modules that `name`, a path below static/, imports, and those that they import in turn: nearest
    first, each once. Without this a browser learns of each only when it has read the one before."""
    found: dict[str, None] = {}
    reading = [name]
    while reading:
        further = [module for each in reading for module in _imports(each)]
        reading = [module for module in dict.fromkeys(further) if module not in found and module != name]
        found |= dict.fromkeys(reading)
    return tuple(found)


def _imports(name: str) -> list[str]:
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(f"static/ holds no {name}")
    folder = posixpath.dirname(name)
    return [
        posixpath.normpath(posixpath.join(folder, each)) for each in _NAMED.findall(Path(path).read_text())
    ]
