"""Lines of playlists, read as strictly as draft-pantos-hls-rfc8216bis allows (sections 4.1, 4.2)."""

from __future__ import annotations

import re
from functools import lru_cache

INTEGER, NUMBER, YES = r"\d{1,20}", r"\d+(?:\.\d+)?", r"YES"
QUOTED, NAME, SIZE = r'"[^"]*"', r"[A-Z0-9-]+", r"\d+x\d+"
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:\d\d)"
# Attribute lists (4.2): a type for each attribute; what is written with a `!` must be there.
LISTS: dict[str, dict[str, str]] = {
    "#EXT-X-SERVER-CONTROL": {
        "CAN-BLOCK-RELOAD": YES,
        "PART-HOLD-BACK": NUMBER,
        "HOLD-BACK": NUMBER,
        "CAN-SKIP-UNTIL": NUMBER,
    },
    "#EXT-X-PART-INF": {"PART-TARGET!": NUMBER},
    "#EXT-X-START": {"TIME-OFFSET!": "-?" + NUMBER, "PRECISE": "YES|NO"},
    "#EXT-X-MAP": {"URI!": QUOTED},
    "#EXT-X-PART": {"URI!": QUOTED, "DURATION!": NUMBER, "INDEPENDENT": YES, "GAP": YES},
    "#EXT-X-SKIP": {"SKIPPED-SEGMENTS!": INTEGER},
    "#EXT-X-PRELOAD-HINT": {"TYPE!": "PART", "URI!": QUOTED},
    "#EXT-X-RENDITION-REPORT": {"URI!": QUOTED, "LAST-MSN!": INTEGER, "LAST-PART": INTEGER},
    "#EXT-X-STREAM-INF": {
        "BANDWIDTH!": INTEGER,
        "AVERAGE-BANDWIDTH": INTEGER,
        "CODECS!": QUOTED,
        "RESOLUTION": SIZE,
        "FRAME-RATE": r"\d+\.\d{3}",
        "AUDIO": QUOTED,
        "NAME": QUOTED,
    },
    "#EXT-X-MEDIA": {
        "TYPE!": NAME,
        "GROUP-ID!": QUOTED,
        "NAME!": QUOTED,
        "URI": QUOTED,
        "LANGUAGE": QUOTED,
        "DEFAULT": "YES|NO",
        "AUTOSELECT": "YES|NO",
        "CHANNELS": QUOTED,
    },
}
# Everything else that may stand in a playlist of ours, and what may stand behind its colon.
PLAIN = {
    "#EXT-X-VERSION": INTEGER,
    "#EXT-X-TARGETDURATION": INTEGER,
    "#EXT-X-MEDIA-SEQUENCE": INTEGER,
    "#EXT-X-DISCONTINUITY-SEQUENCE": INTEGER,
    "#EXT-X-INDEPENDENT-SEGMENTS": "",
    "#EXT-X-DISCONTINUITY": "",
    "#EXT-X-PROGRAM-DATE-TIME": DATE,
    "#EXT-X-GAP": "",
    "#EXTINF": NUMBER + ",[^,]*",
    "#EXT-X-ENDLIST": "",
}
# They describe the whole playlist, once, before its segments (4.4.2, 4.4.3).
OF_THE_PLAYLIST = {
    "#EXT-X-VERSION",
    "#EXT-X-TARGETDURATION",
    "#EXT-X-MEDIA-SEQUENCE",
    "#EXT-X-DISCONTINUITY-SEQUENCE",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    "#EXT-X-START",
    "#EXT-X-SERVER-CONTROL",
    "#EXT-X-PART-INF",
}
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",\s]+)(?:,(?=.)|\Z)')


@lru_cache(50_000)
def attributes(text: str) -> dict[str, str]:
    """An attribute list, its quotes taken off; to be read only."""
    return {name: value.strip('"') for name, value in _split(text)}


def _split(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        assert match is not None, f"4.2: {text!r} is no attribute list"
        found.append((match[1], match[2]))
        position = match.end()
    return found


def _check_types(tag: str, text: str) -> None:
    """The attributes of `tag` are those it has, each of its type (4.2)."""
    pairs = _split(text)
    found = dict(pairs)
    assert len(found) == len(pairs), f"4.2: an attribute of {tag} appears twice"
    known = {name.rstrip("!"): kind for name, kind in LISTS[tag].items()}
    for name, value in pairs:
        assert name in known and re.fullmatch(known[name], value), f"{tag}: {name}={value}"
    required = {name.rstrip("!") for name in LISTS[tag] if name.endswith("!")}
    assert required <= set(found), f"{tag} lacks {required - set(found)}"


def lines_of(text: str) -> list[tuple[str, str]]:
    """Tag and value of every line; a URI line is a value without a tag."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff]", text), "4.1: no control characters, no BOM"
    assert text.endswith("\n"), "4.1: lines are terminated"
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U", "4.4.1.1: EXTM3U is the first line"
    return [_line(line) for line in lines[1:]]


@lru_cache(50_000)
def _line(line: str) -> tuple[str, str]:
    assert line == line.strip() and line, "4.1: lines without white space, none empty"
    if not line.startswith("#"):
        return "", line
    name, _, value = line.partition(":")
    if name in LISTS:
        _check_types(name, value)
    else:
        assert name in PLAIN and re.fullmatch(PLAIN[name], value), f"{line!r} is no tag of a server"
    return name, value
