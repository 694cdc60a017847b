"""A mail server that takes letters over SMTP, for as long as it is up, and keeps them."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from email import message_from_bytes
from email.message import Message

from .services import free_port


class MailServer:
    """Down until `start`; `stop` and `start` again keep its port. `answers` are what it says instead of 250,
    by the address of a sender or a recipient."""

    def __init__(self) -> None:
        self.port = free_port()
        self.taken: list[Message] = []
        self.answers: dict[str, str] = {}
        self._server: socketserver.ThreadingTCPServer | None = None

    def start(self) -> None:
        keeper = self

        class Handler(_Conversation):
            server_of_letters = keeper

        self._server = _Listener(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Conversation(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs to get rid of a letter."""

    server_of_letters: MailServer

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            self._say("220 test")
            while line := self.rfile.readline().decode().strip():
                if not self._answer(line):
                    return

    def _answer(self, line: str) -> bool:
        verb = line.upper()
        if verb == "QUIT":
            self._say("221 bye")
            return False
        if verb.startswith(("MAIL", "RCPT")):
            address = line.partition("<")[2].partition(">")[0]
            self._say(self.server_of_letters.answers.get(address, "250 ok"))
        elif verb == "DATA":
            self._say("354 go on")
            self.server_of_letters.taken.append(message_from_bytes(self._letter()))
            self._say("250 taken")
        else:
            self._say("250 ok")
        return True

    def _letter(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def _say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")
