"""Why a socket was closed: the numbers that clients see (RFC 6455, section 7.4; 4000–4999 are ours)."""

from __future__ import annotations

from enum import IntEnum


class Close(IntEnum):
    """A close code. Its docstring line in docs/realtime.md says what a client should do."""

    PROTOCOL = 1002
    NOT_TEXT = 1007
    TOO_LARGE = 1009
    FAILED = 1011
    RESTART = 1012
    LATER = 1013
    BAD_FRAME = 4400
    BAD_TICKET = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    IDLE = 4408
    TOO_SLOW = 4413
    TOO_MANY = 4429


class Broken(Exception):
    """These bytes are no websocket messages, or too many: the connection ends with `code`."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


MEANING: dict[Close, str] = {
    Close.PROTOCOL: "The bytes were no websocket frames (RFC 6455, RFC 7692).",
    Close.NOT_TEXT: "A text frame was not UTF-8.",
    Close.TOO_LARGE: "A frame was larger than 8 KiB. Send smaller ones.",
    Close.FAILED: "Something went wrong on the server. Reconnect with `?after=` after a pause.",
    Close.LATER: "The room can't be read at the moment. Reconnect after a pause.",
    Close.RESTART: "The server restarts. Reconnect with `?after=` after a random wait of up to 5 s.",
    Close.BAD_FRAME: "Ten frames broke the rules of this page, each was answered by an error first.",
    Close.BAD_TICKET: "The ticket or token is wrong, used, expired or signed out. Get another and reconnect.",
    Close.FORBIDDEN: "This origin or this person may not open this socket. Do not reconnect.",
    Close.NOT_FOUND: "There is no such channel. Do not reconnect.",
    Close.IDLE: "Pings were not answered. Reconnect with `?after=`.",
    Close.TOO_SLOW: "The client read too slowly for the room. Reconnect with `?after=`.",
    Close.TOO_MANY: "Too many frames, or too many sockets of one address or person. Wait a minute.",
}
