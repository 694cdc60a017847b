"""Links in a message, also those that try not to look like one."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator

import re2

# After these a dotted name is a domain wherever it stands.
SURE = frozenset(
    """
    com net org info biz edu gov mil int gg tv io co xyz app dev icu shop site online club store website
    blog cloud games chat social wiki cash bet casino porn sex xxx ru cn de uk fr eu nl br jp kr ca au ch se
    pl es pt ua kz ir cz ro hu tr gr vn hk tw sg ng ph cl mx su tk ml cf gq ga ws fm vc cx
    рф укр срб бел москва онлайн сайт 中国 中國 한국 भारत
    """.split()  # noqa: SIM905  read as prose, not as a column
)
# These are words or endings of files, too ("yes.no", "main.py"): a domain only with something behind it.
CAUTIOUS = frozenset(
    """
    me in it is to at us be my so no do am as by pm id ai la ly tf cc st sh py rs md pl vip top live fun space
    link click win bid today world life one best news now how zip mov video stream page lol wtf red blue
    group team zone art gay cam date men money rest host tech pro name mobi ink li lt lv ee fi dk il za nz
    """.split()  # noqa: SIM905
)
# After a spoken or lonely dot only what hardly anybody means otherwise.
SPOKEN = "com|org|gg|tv|io|ru|xyz|co|info|me"
# "the dot com bubble"
_ARTICLES = frozenset("the a an this that old early late every or and of".split())  # noqa: SIM905

_LABEL = r"[\pL\pN][\pL\pN\pM_-]*"
_END = r"(?:[^\pL\pN\pM_-]|$)"
_ADDRESS = re2.compile(r"(?:h..ps?|ftp)://([^\s/?#\\]+)")
_DOTTED = re2.compile(rf"({_LABEL}(?:\.{_LABEL})+)\.?([/:?#\\]?)")
_SPOKEN = re2.compile(
    rf"({_LABEL})(?:\s*[(\[{{<]\s*(?:dot|\.|punkt|point)\s*[)\]}}>]\s*(?:{_LABEL})"
    rf"|\s+(?:dot|\.)\s+(?:{SPOKEN}){_END}|\s+\.(?:com|gg|ru|xyz){_END})"
)
_SPOKEN_DOT = re2.compile(r"\s*[(\[{<]\s*(?:dot|\.|punkt|point)\s*[)\]}>]\s*|\s+(?:dot|\.)\s+|\s+\.")
_DOTS = str.maketrans(dict.fromkeys("。．｡․‧∙•·", "."))


def forbidden_link(text: str, allowed: Collection[str]) -> tuple[int, int] | None:
    """Where the first link stands that leads to none of the `allowed` domains or their subdomains."""
    legible, places = _legible(text)
    for host, start, end in _links(legible):
        if not _is_allowed(host_key(host), allowed):
            return (start, end) if places is None else (places[start], places[end - 1] + 1)
    return None


def host_key(host: str) -> str:
    """A domain as it is compared: small, in its ASCII spelling, without scheme, path and port."""
    host = host.strip().lower().rpartition("://")[2]
    for mark in "/?#\\":
        host = host.partition(mark)[0]
    host = host.rpartition("@")[2].partition(":")[0].strip(".").removeprefix("*.").removeprefix("www.")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _legible(text: str) -> tuple[str, list[int] | None]:
    """`text` small, without what is invisible, with one kind of dot; and each character's place, if moved."""
    if text.isascii():
        return text.lower(), None
    kept, places = [], []
    for place, character in enumerate(text):
        if unicodedata.category(character) in ("Cf", "Cc", "Mn", "Me"):
            continue
        plain = unicodedata.normalize("NFKC", character.translate(_DOTS)).lower()
        kept.append(plain)
        places += [place] * len(plain)
    return "".join(kept), places


def _links(text: str) -> Iterator[tuple[str, int, int]]:
    if "://" in text:
        for match in _ADDRESS.finditer(text):
            yield match.group(1), *match.span()
    if "." in text:
        for match in _DOTTED.finditer(text):
            if _is_domain(match.group(1).split("."), match.group(2)):
                yield match.group(1), *match.span(1)
    if "dot" in text or "." in text or "punkt" in text or "point" in text:
        for match in _SPOKEN.finditer(text):
            if match.group(1) not in _ARTICLES:
                spoken = _SPOKEN_DOT.sub(".", match.group()).rstrip()
                yield spoken, *match.span()


def _is_domain(labels: list[str], behind: str) -> bool:
    last = labels[-1]
    if last in SURE or last.startswith("xn--"):
        return True
    if labels[0] == "www" and len(labels) > 2:
        return True
    if len(labels) == 4 and all(label.isdecimal() and len(label) < 4 for label in labels):
        return behind in ("/", ":")
    if any(label in ("com", "net", "org") for label in labels[1:-1]):
        return True
    return last in CAUTIOUS and behind == "/"


def _is_allowed(host: str, allowed: Collection[str]) -> bool:
    return any(host == known or host.endswith(f".{known}") for known in allowed)
