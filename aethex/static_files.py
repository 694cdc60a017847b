"""Static files as production serves them: for good, under names that hold the hash of what is in them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

# How our modules want one that comes later, and the folder in which it is named (static/js/load.js).
LATER, CALL = r"""\bload\("(?P<url>[^"]+\.m?js)"\)""", 'load("%s")'
FOLDER = "js"


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Who names another file names its hash: a style sheet by `url()`, a module by `import` or `load()`."""

    support_js_module_import_aggregation = True
    # As many as modules import one another in a row, and some.
    max_post_process_passes = 20
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("*.js", ((LATER, CALL),)))

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        if template is not CALL:
            return super().url_converter(name, hashed_files, template)

        def hashed(call: re.Match[str]) -> str:
            wanted = posixpath.normpath(posixpath.join(FOLDER, call["url"]))
            stored: Any = self._stored_name(wanted, hashed_files)
            return CALL % posixpath.relpath(stored, FOLDER)

        return hashed
