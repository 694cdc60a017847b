"""Static files: in production for good, under names that hold the hash of what is in them."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from whitenoise.compress import Compressor
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

# How our modules want one that comes later, and the folder in which it is named (static/js/load.js).
LATER, CALL = r"""\bload\("(?P<url>[^"]+\.m?js)"\)""", 'load("%s")'
FOLDER = "js"
(WRITTEN,) = settings.STATICFILES_DIRS


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


class CompressedStaticFiles(WhiteNoiseMiddleware):
    """Serves the project's files where they are written, compressed from copies that it keeps with the data.

    For a server that is one command: `collectstatic` would take it half a minute at each start. What that has
    collected is compressed already, and sent as it lies there.
    """

    compressor = Compressor(quiet=True)

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> Any:
        as_written = super().get_static_file(path, url, stat_cache)
        if not Path(path).is_relative_to(WRITTEN) or not self.compressor.should_compress(path):
            return as_written
        headers = Headers([])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        if self.allow_all_origins:
            headers["Access-Control-Allow-Origin"] = "*"
        return StaticFile(path, headers.items(), encodings={"gzip": str(self._compressed(Path(path)))})

    def _compressed(self, path: Path) -> Path:
        # Where releases come as images, all files of all of them may bear the same time.
        size, changed = path.stat().st_size, path.stat().st_mtime_ns
        copy = settings.COMPRESSED_DIR / f"{path.relative_to(WRITTEN)}.{size}.gz"
        if not copy.exists() or copy.stat().st_mtime_ns != changed:
            copy.parent.mkdir(parents=True, exist_ok=True)
            part = copy.with_suffix(f".{os.getpid()}")
            part.write_bytes(self.compressor.compress_gzip(path.read_bytes()))
            os.utime(part, ns=(changed, changed))
            part.replace(copy)
        return copy
