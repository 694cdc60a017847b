"""Calls to a provider's API: JSON there and back, bounded in time, size and tries, to the public internet."""

from __future__ import annotations

import functools
import http.client
import json
import logging
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from apps.streams.media.egress import Forbidden, is_public

from .ports import InputGone, ProviderDown, ProviderRefused

log = logging.getLogger(__name__)

STEP_SECONDS = 5.0  # connecting, and waiting for any byte
TOTAL_SECONDS = 12.0  # all tries of one call
TRIES = 3
LARGEST = 1024 * 1024
_PASSING = {429, 500, 502, 503, 504}


class _NotSent(OSError):
    """No connection came about: the other side has seen nothing of the request."""


@dataclass(frozen=True, slots=True)
class Api:
    """A provider's API below `base`. `allow_private` lets it be on this machine, for trials.

    `words` finds what a refusal says in its JSON.
    """

    title: str
    base: str
    authorization: str = field(repr=False)
    words: Callable[[Any], str]
    allow_private: bool = False

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON, None when it has no body. Raises ProviderDown, ProviderRefused, InputGone (404).

        What is not answered is tried again while that can't do the same thing twice.
        """
        deadline = time.monotonic() + TOTAL_SECONDS
        for attempt in range(1, TRIES + 1):
            try:
                status, raw, wait = self._send(method, path, body, deadline)
            except (OSError, http.client.HTTPException, ValueError) as error:
                log.warning("%s %s %s: %r", self.title, method, path, error)
                again = method != "POST" or isinstance(error, _NotSent)
                status, raw, wait = 0, b"", None
            else:
                again = status == 429 or (method != "POST" and status in _PASSING)
                if not again:
                    return self._judged(status, raw, f"{method} {path}")
            pause = min(wait if wait is not None else 0.2 * 2**attempt, 2.0)
            if not again or attempt == TRIES or time.monotonic() + pause > deadline:
                break
            time.sleep(pause)
        raise ProviderDown(self.title)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None, deadline: float
    ) -> tuple[int, bytes, float | None]:
        """Status, body, and the seconds after which the other side wants to be asked again."""
        parts = urlsplit(self.base + path)
        tls = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if tls else 80)
        connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(host, port, context=_trust())
            if tls
            else http.client.HTTPConnection(host, port)
        )
        try:
            connection.sock = self._connect(host, port, tls=tls)
            headers = {"Authorization": self.authorization, "Accept": "application/json"}
            sent = None
            if body is not None:
                sent, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
            connection.request(method, parts.path, sent, headers)
            answer = connection.getresponse()
            wait = answer.headers.get("Retry-After", "")
            return answer.status, _read(answer, deadline), float(wait) if wait.isdecimal() else None
        finally:
            connection.close()

    def _connect(self, host: str, port: int, *, tls: bool) -> socket.socket:
        """To an address that was judged, and not to what a second look-up of the name may answer."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
            if not self.allow_private and not all(is_public(address) for address in addresses):
                raise Forbidden(host)
            plain = _first(addresses, port)
        except OSError as error:
            raise _NotSent(str(error)) from error
        if not tls:
            return plain
        try:
            return _trust().wrap_socket(plain, server_hostname=host)
        except OSError as error:
            plain.close()
            raise _NotSent(str(error)) from error

    def _judged(self, status: int, raw: bytes, what: str) -> Any:
        if 200 <= status < 300:
            if not raw.strip():
                return None
            try:
                return json.loads(raw)
            except ValueError:
                raise self.strange(what) from None
        if status == 404:
            raise InputGone(self.title)
        if status in (401, 403):
            log.error("%s does not accept our keys (%s: %d)", self.title, what, status)
            raise ProviderRefused(self.title, "this site's keys are wrong. Its operator has to correct them.")
        if status >= 500:
            raise ProviderDown(self.title)
        reason = self._reason(raw)
        log.warning("%s %s: %d %s", self.title, what, status, reason)
        raise ProviderRefused(self.title, reason or f"it answered {status}.")

    def strange(self, what: str) -> ProviderDown:
        """An answer that is not what its documentation promises."""
        log.error("%s %s: an answer that we don't understand", self.title, what)
        return ProviderDown(self.title)

    def _reason(self, raw: bytes) -> str:
        try:
            return self.words(json.loads(raw))[:200]
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            return ""


@functools.cache
def _trust() -> ssl.SSLContext:
    """Made once: reading all authorities of this machine takes its time."""
    return ssl.create_default_context()


def _first(addresses: list[str], port: int) -> socket.socket:
    failure: OSError = ConnectionRefusedError("no address")
    for address in addresses[:2]:
        try:
            return socket.create_connection((address, port), STEP_SECONDS)
        except OSError as error:
            failure = error
    raise failure


def _read(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    read = bytearray()
    while chunk := answer.read1(65_536):
        read += chunk
        if len(read) > LARGEST:
            raise ValueError("the answer is too large")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")
    return bytes(read)
