"""Fetch the few browser files that are not ours, pinned in assets/vendor.toml, into static/.

    python tools/vendor.py

Needs npm, and only whoever raises a version runs it: what it writes is committed, so nobody else needs Node.
A file whose sha256 is not the pinned one is refused and named, with the hash that was found.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "assets" / "vendor.toml"
VENDOR = ROOT / "static" / "vendor"
SPRITE = ROOT / "static" / "img" / "icons.svg"
NOTICES = ROOT / "THIRD_PARTY_NOTICES.md"


def read_pins() -> dict[str, Any]:
    """The parsed assets/vendor.toml: `package` tables and one `icons` table."""
    return tomllib.loads(PINS.read_text())


def sha256(content: bytes) -> str:
    """The hex digest that assets/vendor.toml pins."""
    return hashlib.sha256(content).hexdigest()


def pack(name: str, version: str, folder: Path) -> tarfile.TarFile:
    """The package's tarball as npm serves it, opened; install scripts never run."""
    command = ["npm", "pack", f"{name}@{version}", "--json", "--pack-destination", str(folder)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    row = told[0] if isinstance(told, list) else next(iter(told.values()))
    return tarfile.open(folder / row["filename"].replace("@", "").replace("/", "-"))


def member(tarball: tarfile.TarFile, path: str) -> bytes:
    """One file of the package; KeyError when it is not in it."""
    file = tarball.extractfile(f"package/{path}")
    if file is None:
        raise KeyError(path)
    return file.read()


def without_source_map(path: str, content: bytes) -> bytes:
    """A script without its link to a source map that does not ship: collectstatic would miss it."""
    return re.sub(rb"\n//# sourceMappingURL=\S+\s*$", b"\n", content) if path.endswith("js") else content


def symbol(name: str, svg: str) -> str:
    """One icon as a sprite's symbol: its shapes on one line, without the presentation that CSS gives it."""
    body = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.S)
    if body is None:
        raise ValueError(f"{name} is not an SVG")
    shapes = " ".join(body.group(1).split()).replace(" />", "/>").replace("> <", "><")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>'


def sprite(icons: dict[str, Any], tarball: tarfile.TarFile) -> bytes:
    """All pinned icons in one SVG, in the order of their names."""
    symbols = [symbol(name, member(tarball, f"icons/{name}.svg").decode()) for name in sorted(icons["names"])]
    head = f"<!-- {icons['name']} {icons['version']}, {icons['licence']}; see THIRD_PARTY_NOTICES.md -->"
    return "\n".join([head, '<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""]).encode()


def put(path: Path, content: bytes, pinned: str) -> None:
    """Write `content` to `path` if it is what was pinned; exit with the found hash otherwise."""
    found = sha256(content)
    if found != pinned:
        sys.exit(f"{path.relative_to(ROOT)}: pinned {pinned or 'nothing'}, found {found}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    print(f"{path.relative_to(ROOT)}  {len(content):,} bytes")


def notices(licences: list[tuple[dict[str, Any], str]]) -> str:
    """THIRD_PARTY_NOTICES.md: who made what is vendored, and their licences in full."""
    parts = ["# Third-party notices\n\nFiles of others that ship with AeThex LIVE, with their licences.\n"]
    for package, text in licences:
        parts.append(f"## {package['name']} {package['version']} ({package['licence']})\n\n")
        parts.append(f"<{package['home']}>\n\n```text\n{text.strip()}\n```\n")
    return "\n".join(parts)


def refresh() -> None:
    """Fetch everything that is pinned and write it below static/, with the notices."""
    pins, licences = read_pins(), []
    with tempfile.TemporaryDirectory() as folder:
        for package in [*pins["package"], pins["icons"]]:
            with pack(package["name"], package["version"], Path(folder)) as tarball:
                licence = member(tarball, "LICENSE").decode()
                licences.append((package, licence))
                if package is pins["icons"]:
                    put(SPRITE, sprite(package, tarball), package["sha256"])
                    continue
                for file in package["files"]:
                    content = without_source_map(file["to"], member(tarball, file["from"]))
                    put(VENDOR / package["folder"] / file["to"], content, file["sha256"])
                (VENDOR / package["folder"] / "LICENSE").write_text(licence)
    NOTICES.write_text(notices(licences))


if __name__ == "__main__":
    refresh()
