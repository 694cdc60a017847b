"""A TLS certificate that is replaced while it is in use."""

from __future__ import annotations

import logging
import os
import ssl
from pathlib import Path

logger = logging.getLogger(__name__)


class Certificate:
    """A certificate chain and its key in PEM files, read again when they change.

    `key` may be the same file. A pair that does not fit together, as while it is being replaced, changes
    nothing: the one before stays in use.
    """

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self._context: ssl.SSLContext | None = None
        self._version: tuple[object, ...] = ()

    def context(self) -> ssl.SSLContext:
        """For the next handshake. OSError when there is no certificate that can be used, and never was."""
        try:
            version = tuple(_version(os.stat(path)) for path in (self._chain, self._key))
            if self._context is None or version != self._version:
                self._version = version
                self._context = self._read()
        except OSError as error:  # ssl.SSLError is one
            if self._context is None:
                raise OSError(f"the certificate {self._chain} cannot be used: {error}") from error
            logger.error("the certificate %s cannot be read again: %s", self._chain, error)
        assert self._context is not None
        return self._context

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A key behind a password is an error; without this OpenSSL would ask for it on the terminal.
        context.load_cert_chain(self._chain, self._key, password="")
        return context


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size
