"""What a client sends over a websocket: bytes become messages and control frames (RFC 6455, section 5)."""

from __future__ import annotations

from enum import IntEnum

from websockets.frames import apply_mask

from .closing import Broken, Close
from .deflate import inflate


class Opcode(IntEnum):
    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


# What stands for a code that no frame carried (section 7.1.5).
NO_CODE, NO_GOODBYE = 1005, 1006

_KNOWN = frozenset(int(opcode) for opcode in Opcode)
_CONTROL = 0x08
_RESERVED, _COMPRESSED = 0x70, 0x40
CONTROL_MOST = 125


class Incoming:
    """Keeps what has come and hands it out message by message, so that nobody's small frames become many
    objects before somebody asks for them. After Broken it is of no more use."""

    __slots__ = ("_buffer", "_inflates", "_is_compressed", "_most", "_opcode", "_whole")

    def __init__(self, most: int, *, inflates: bool = False) -> None:
        self._most = most  # bytes of one message
        self._inflates = inflates  # compressed messages may come (RFC 7692)
        self._buffer = bytearray()
        # Of a message that comes in several frames.
        self._opcode: int | None = None
        self._is_compressed = False
        self._whole = bytearray()

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> tuple[int, bytes] | None:
        """Opcode and content of the next whole message or control frame, None until more has come. Raises
        Broken."""
        while (frame := self._next_frame()) is not None:
            opcode, is_last, is_compressed, content = frame
            if opcode & _CONTROL:
                return opcode, content
            if (opcode == Opcode.CONTINUATION) == (self._opcode is None):
                raise Broken(Close.PROTOCOL, "A continued message and a new one do not mix.")
            if is_last and self._opcode is None:
                return opcode, self._plain(content, is_compressed)
            if self._opcode is None:
                self._opcode, self._is_compressed = opcode, is_compressed
            self._whole += content
            if is_last:
                message = self._opcode, self._plain(bytes(self._whole), self._is_compressed)
                self._opcode, self._whole = None, bytearray()
                return message
        return None

    def _plain(self, content: bytes, is_compressed: bool) -> bytes:
        return inflate(content, self._most) if is_compressed else content

    def _next_frame(self) -> tuple[int, bool, bool, bytes] | None:
        """Opcode, whether it is a message's last, whether it begins a compressed one, content."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        opcode, is_last = buffer[0] & 0x0F, bool(buffer[0] & 0x80)
        size, at = buffer[1] & 0x7F, 2
        reserved = buffer[0] & _RESERVED
        may_be_compressed = self._inflates and opcode in (Opcode.TEXT, Opcode.BINARY)
        if opcode not in _KNOWN or reserved & ~(_COMPRESSED if may_be_compressed else 0):
            raise Broken(Close.PROTOCOL, "No such kind of frame.")
        if not buffer[1] & 0x80:
            raise Broken(Close.PROTOCOL, "A client masks its frames.")
        if opcode & _CONTROL and (size > CONTROL_MOST or not is_last):
            raise Broken(Close.PROTOCOL, "Control frames are short and whole.")
        if size > CONTROL_MOST:
            at = 4 if size == 126 else 10
            if len(buffer) < at:
                return None
            size = int.from_bytes(buffer[2:at], "big")
        if size > self._most - (0 if opcode & _CONTROL else len(self._whole)):
            raise Broken(Close.TOO_LARGE, f"A message has at most {self._most} bytes.")
        end = at + 4 + size
        if len(buffer) < end:
            return None
        content = apply_mask(bytes(buffer[at + 4 : end]), bytes(buffer[at : at + 4]))
        del buffer[:end]
        return opcode, is_last, bool(reserved), content


def close_code(content: bytes) -> int:
    """The number in a close frame; 1005 when it has none. Raises Broken."""
    if not content:
        return NO_CODE
    code = int.from_bytes(content[:2], "big")
    if len(content) == 1 or not (1000 <= code <= 1014 or 3000 <= code <= 4999) or code in (1004, 1005, 1006):
        raise Broken(Close.PROTOCOL, "No such close code.")
    try:
        content[2:].decode()
    except UnicodeDecodeError:
        raise Broken(Close.NOT_TEXT, "The reason is not UTF-8.") from None
    return code
