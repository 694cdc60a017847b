"""What every door for viewers does before it looks for a file: method, address, grant, directives.

`/live/{grant}/{stream}/{file}`, and of a rendition `/live/{grant}/{stream}/{rendition}/{file}`; GET, HEAD and
OPTIONS; no database, no framework.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from apps.streams.media import answers
from apps.streams.media.answers import NEVER, Answer, Problem, Receive, Scope, Send, Stalled
from apps.streams.media.grants import EDGE, GrantBook, GrantRefused
from apps.streams.media.reading import Busy
from apps.streams.media.watchers import Watching, is_viewer

VIEWERS = "viewers"
"""Where an edge tells who watches through it, with POST."""
CHECK = "check"
"""Where a cache in front asks whether it may hand out a copy, of media that it has."""
FILE = re.compile(
    r"(?P<epoch>[0-9a-z]{1,16})-(?:init(?P<init>\d{1,9})\.mp4|(?P<msn>\d{1,9})(?:-(?P<part>\d{1,4}))?\.m4s)\Z",
    re.ASCII,
)
"""The names of init segments, parts and segments."""
_RENDITION = re.compile(r"[0-9a-z]{1,16}\Z", re.ASCII)
_REPORT_MOST = 2 * 1024 * 1024
_USUAL_QUERY = 100
_FIELDS_MOST = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants which file of which stream; the grant for it is good."""

    viewer: str
    stream_id: str
    rendition: str | None
    name: str

    @property
    def path(self) -> str:
        """The file, below the stream's address."""
        return f"{self.rendition}/{self.name}" if self.rendition else self.name

    @property
    def is_edge(self) -> bool:
        return self.viewer == EDGE


async def answer(
    scope: Scope,
    send: Send,
    grants: GrantBook,
    route: Callable[[Asked, Answer], Awaitable[None]],
    *,
    stall_seconds: float,
) -> None:
    """Answer one request with `route`, or say what is wrong with it."""
    if scope["type"] != "http":
        raise RuntimeError(f"the live edge does not speak {scope['type']}")
    response = Answer(scope, send, stall_seconds)
    try:
        if scope["method"] == "OPTIONS":
            await response.preflight()
        elif scope["path"] == "/live/healthz":
            await response.reply(answers.whole(b"ok\n", b"text/plain", NEVER))
        else:
            await route(asked(scope["method"], scope["path"], grants), response)
    except Problem as problem:
        await response.reply(answers.problem(problem))
    except Busy:
        await response.reply(answers.problem(Problem(503, "too much is being read")))
    except Stalled:
        return  # with half an answer: the server hangs up


def asked(method: str, path: str, grants: GrantBook) -> Asked:
    """What the address of a request says; raises Problem."""
    pieces = path.split("/")
    is_report = method == "POST" and pieces[-1] == VIEWERS
    if method not in ("GET", "HEAD") and not is_report:
        raise Problem(405, "only GET, HEAD and OPTIONS")
    if not 5 <= len(pieces) <= 6 or pieces[1] != "live":
        raise Problem(404, "no such file")
    grant, stream_id, *below, name = pieces[2:]
    if below and (_RENDITION.match(below[0]) is None or name in (VIEWERS, CHECK)):
        raise Problem(404, "no such file")
    try:
        known = Asked(grants.viewer(stream_id, grant), stream_id, below[0] if below else None, name)
    except GrantRefused as refusal:
        raise Problem(403, f"this playback grant is {refusal}") from None
    if is_report and not known.is_edge:
        raise Problem(403, "only edges tell who watches")
    if name == VIEWERS and not is_report:
        raise Problem(405, "only POST")
    return known


async def report(receive: Receive) -> Watching:
    """What an edge tells of its viewers; raises Problem."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > _REPORT_MOST:
            raise Problem(413, "too many viewers for one report")
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    try:
        told = json.loads(body)
        lists = (told["fetching"], told["following"])
        return Watching(*({one for one in each if is_viewer(one)} for each in lists))
    except (ValueError, KeyError, TypeError):
        raise Problem(400, "a report is JSON: two lists of viewers, fetching and following") from None


class Directives:
    """The delivery directives of a playlist request (RFC 8216bis 6.2.5)."""

    def __init__(self, query: bytes) -> None:
        self.msn: int | None = None
        self.part: int | None = None
        self.skip = False
        if not query:
            return
        try:
            fields = parse_qsl(query.decode("latin-1"), max_num_fields=_FIELDS_MOST)
        except ValueError:
            raise Problem(400, f"a query has at most {_FIELDS_MOST} fields") from None
        for name, value in fields:
            if name == "_HLS_msn":
                self.msn = _number(value)
            elif name == "_HLS_part":
                self.part = _number(value)
            elif name == "_HLS_skip":
                self.skip = value in ("YES", "v2")
        if self.part is not None and self.msn is None:
            raise Problem(400, "_HLS_part needs _HLS_msn")

    @property
    def query(self) -> str:
        """The same directives, always spelled alike."""
        pieces = [] if self.msn is None else [f"_HLS_msn={self.msn}"]
        if self.part is not None:
            pieces.append(f"_HLS_part={self.part}")
        if self.skip:
            pieces.append("_HLS_skip=YES")
        return "&".join(pieces)


def directives(query: bytes) -> Directives:
    """Those of a request. Raises Problem."""
    # Everybody at the live edge asks alike; what no player sends is not worth remembering.
    return _known(query) if len(query) <= _USUAL_QUERY else Directives(query)


@lru_cache(maxsize=512)
def _known(query: bytes) -> Directives:
    return Directives(query)


def _number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 12:
        raise Problem(400, "a directive is not a number")
    return int(value)
