"""AMF0, the value encoding of RTMP commands (Adobe "Action Message Format -- AMF 0", 2007).

Numbers are floats, objects and ECMA arrays are dicts, strict arrays are lists, null and undefined are both
None, dates are epoch milliseconds. Input comes from strangers: nesting and lengths are bounded, anything odd
raises `AmfError`.
"""

from __future__ import annotations

import struct
from typing import Any

MAX_DEPTH = 16
MAX_VALUES = 4096

_NUMBER, _BOOLEAN, _STRING, _OBJECT = 0, 1, 2, 3
_NULL, _UNDEFINED, _ECMA_ARRAY, _OBJECT_END = 5, 6, 8, 9
_STRICT_ARRAY, _DATE, _LONG_STRING, _UNSUPPORTED, _XML, _TYPED_OBJECT = 10, 11, 12, 13, 15, 16


class AmfError(ValueError):
    """The bytes are not AMF0, or more of it than anybody needs."""


def decode_all(data: bytes | bytearray | memoryview) -> list[Any]:
    """Every value in `data`, in order."""
    reader = _Reader(bytes(data))
    values = []
    while reader.position < len(reader.data):
        values.append(reader.value(0))
    return values


def encode(*values: Any) -> bytes:
    """The values one after the other; dicts become objects. TypeError for what AMF0 cannot hold."""
    out = bytearray()
    for value in values:
        _encode_value(value, out)
    return bytes(out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.budget = MAX_VALUES

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise AmfError("AMF0 value is cut off")
        piece = self.data[self.position : end]
        self.position = end
        return piece

    def text(self, length: int) -> str:
        return self.take(length).decode("utf-8", "replace")

    def short(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def long(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def value(self, depth: int) -> Any:
        self.budget -= 1
        if depth > MAX_DEPTH or self.budget < 0:
            raise AmfError("AMF0 value is nested too deeply or too large")
        marker = self.take(1)[0]
        if marker == _NUMBER:
            return struct.unpack(">d", self.take(8))[0]
        if marker == _BOOLEAN:
            return self.take(1)[0] != 0
        if marker == _STRING:
            return self.text(self.short())
        if marker in (_LONG_STRING, _XML):
            return self.text(self.long())
        if marker in (_NULL, _UNDEFINED, _UNSUPPORTED):
            return None
        if marker == _DATE:
            milliseconds: float = struct.unpack(">d", self.take(8))[0]
            self.take(2)
            return milliseconds
        return self.container(marker, depth)

    def container(self, marker: int, depth: int) -> Any:
        if marker == _STRICT_ARRAY:
            return [self.value(depth + 1) for _ in range(self.bounded(self.long()))]
        if marker == _ECMA_ARRAY:
            self.long()  # only a hint of the size: encoders write 0 or lie
        elif marker == _TYPED_OBJECT:
            self.text(self.short())
        elif marker != _OBJECT:
            raise AmfError(f"AMF0 marker {marker} is unknown")
        return self.properties(depth)

    def properties(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while True:
            name = self.text(self.short())
            if not name and self.data[self.position : self.position + 1] == bytes((_OBJECT_END,)):
                self.position += 1
                return result
            result[name] = self.value(depth + 1)

    def bounded(self, count: int) -> int:
        if count > self.budget:
            raise AmfError("AMF0 array is too large")
        return count


def _encode_value(value: Any, out: bytearray) -> None:
    if value is None:
        out.append(_NULL)
    elif isinstance(value, bool):
        out += bytes((_BOOLEAN, value))
    elif isinstance(value, (int, float)):
        out += struct.pack(">Bd", _NUMBER, value)
    elif isinstance(value, str):
        text = value.encode()
        if len(text) < 1 << 16:
            out += struct.pack(">BH", _STRING, len(text))
        else:
            out += struct.pack(">BI", _LONG_STRING, len(text))
        out += text
    elif isinstance(value, dict):
        out.append(_OBJECT)
        _encode_properties(value, out)
    elif isinstance(value, (list, tuple)):
        out += struct.pack(">BI", _STRICT_ARRAY, len(value))
        for item in value:
            _encode_value(item, out)
    else:
        raise TypeError(f"AMF0 cannot hold a {type(value).__name__}")


def _encode_properties(properties: dict[str, Any], out: bytearray) -> None:
    for name, item in properties.items():
        key = name.encode()
        out += struct.pack(">H", len(key)) + key
        _encode_value(item, out)
    out += bytes((0, 0, _OBJECT_END))
