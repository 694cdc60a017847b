"""A transcoder's connections to the node that has the stream (see `transcoding_door`)."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT = 10.0
_QUIET_SECONDS = 300.0
"""The source may be silent for long while its encoder is away; a node that is gone closes the connection."""
_MAX_LINE = 16 * 1024
_MAX_RECORD = 64 * 1024 * 1024


class NodeRefused(OSError):
    """The node said no; `status` is the answer's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status


class NodeClient:
    """The door of one stream at `url`; `grant` gives a valid grant at any time. Each connection is for one
    thread."""

    def __init__(self, url: str, stream_id: str, grant: Callable[[], str]) -> None:
        self._url = urlsplit(url)
        self._stream_id = stream_id
        self._grant = grant

    def source(self) -> SourceConnection:
        """Take the stream; OSError when that does not work."""
        connection = self.connect(timeout=_QUIET_SECONDS)
        connection.request("GET", self.path("source"))
        return SourceConnection(connection, _checked(connection.getresponse()))

    def rendition(self, name: str) -> RenditionConnection:
        """Where a rendition of this name is brought."""
        return RenditionConnection(self, name)

    def connect(self, *, timeout: float = _TIMEOUT) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.netloc, timeout=timeout)

    def path(self, name: str) -> str:
        return f"{self._url.path.rstrip('/')}/transcoding/{self._grant()}/{self._stream_id}/{name}"


class SourceConnection:
    """The source as it comes: `records` end when the node has no more, or `close` was called."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response

    def records(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """What each says of itself, and its bytes. OSError or ValueError when the node breaks off."""
        while line := self._response.readline(_MAX_LINE):
            about = json.loads(line)
            if not 0 <= about["size"] <= _MAX_RECORD:
                raise ValueError("a record is too long")
            data = self._response.read(about["size"])
            if len(data) != about["size"]:
                raise ConnectionResetError("the node hung up")
            yield about, data

    def close(self) -> None:
        """Hang up, from any thread."""
        if self._connection.sock is not None:
            with contextlib.suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)


class RenditionConnection:
    """Brings one rendition, over one connection that is kept."""

    def __init__(self, client: NodeClient, name: str) -> None:
        self._client = client
        self._name = name
        self._connection = client.connect()

    def begin(self, record: bytes) -> None:
        """A new rendition; `record` is its avcC, nothing for sound alone."""
        self._put("init", record)

    def bring(self, msn: int, index: int, data: bytes) -> bool:
        """The next part; whether viewers are offered the rendition. NodeRefused 409: begin anew."""
        return bool(self._put(f"{msn}-{index}", data)["offered"])

    def close(self) -> None:
        self._connection.close()

    def _put(self, what: str, body: bytes) -> dict[str, Any]:
        was_kept = self._connection.sock is not None
        try:
            return self._ask(what, body)
        except ConnectionError:
            # Servers hang up on a connection that nobody used for seconds, as when the encoder was away. A
            # node that took the part all the same says so by 409.
            self._connection.close()
            if not was_kept:
                raise
            return self._ask(what, body)

    def _ask(self, what: str, body: bytes) -> dict[str, Any]:
        self._connection.request("PUT", self._client.path(f"{self._name}/{what}"), body)
        answer: dict[str, Any] = json.loads(_checked(self._connection.getresponse()).read())
        return answer


def _checked(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    if response.status != 200:
        raise NodeRefused(response.status, response.read(200).decode(errors="replace").strip())
    return response
