"""docs/realtime.md: the websocket protocol for those who write clients, from the code that speaks it."""

from __future__ import annotations

from apps.core.realtime.closing import MEANING

from . import wire

HEAD = """# Websockets

_Written by `manage.py realtime_docs` from `apps/chat/wire.py`; do not edit by hand._

## Opening
- `/ws/channels/{slug}`: the room of a channel. Everybody may read, signed-in people write.
- `/ws/dashboard/{slug}`: what the channel's crew is told. It only listens: to `stream:…` frames with health
  and refusals by the power to view the dashboard, to `moderation:…` frames by the power to view moderation.

Who you are is said once, at the handshake: `?ticket=` (from the page or `POST /api/auth/ws-ticket`; works
once, for 60 s) or the header `Authorization: Bearer <access token>`. A wrong one closes the socket with 4401
instead of letting you in as somebody anonymous. An `Origin`, when there is one, must be the site's.

A socket is open for as long as the session that its ticket or token was issued in. When that is signed out,
another password is set or the account is closed, it is closed with 4401: as a rule at once, after half a
minute at the latest. Ask for another ticket once: who gets none is signed out, and may come back without one.

| parameter of `/ws/channels/{slug}` | meaning |
|---|---|
| `after=SEQ` | the last message number you have: the first frame tells what came since |
| `since=TIME` | the `timestamp` of the last frame you have: the first one then lists what was removed since |
| `viewer=ID` | 8 to 64 letters and digits that stand for this device, for clients without cookies |
| `watch=0` | do not count this socket as a viewer (it only chats) |

## Frames
A frame is JSON text: `{"type": "chat:message", "payload": {…}, "timestamp": "2026-02-07T12:00:00.000Z"}`. The
server may send a JSON array of such objects at once; a client sends one object a frame, at most 8 KiB, the
timestamp may be left out. Unknown fields and unknown types from the server are to be ignored. A client that
offers permessage-deflate (RFC 7692; browsers do) gets what a whole room is told compressed, a fifth of it.

Messages of a room are numbered 1, 2, 3 … by `seq`, without holes, in one order for everybody. A message was
stored before anybody sees it. Keep the highest `seq`; drop what you have already; when a number is left out,
or after a reconnect, ask for what came after it (`chat:history`, or `?after=`). Sockets only hint, the
database keeps: `GET /api/channels/{id}/messages?after=SEQ` tells the same.

To send, choose a `nonce` and keep the message until its `chat:ack`. Without an answer (the socket closed,
`BUSY`, `STORE_UNAVAILABLE`) send it again with the same `nonce`: it is stored once, whatever happened the
first time.
"""


def realtime_page() -> str:
    """The whole page as Markdown."""
    sections = [
        HEAD,
        "## From the client\n" + _table(("type", "payload", "meaning"), _client_rows()),
        "## From the server\n" + _table(("type", "payload", "meaning"), _server_rows()),
        "## Codes of `chat:error`\n" + _table(("code", "meaning"), _code_rows()),
        "## Close codes\n" + _table(("code", "meaning"), _close_rows()),
    ]
    return "\n".join(sections)


def _client_rows() -> list[tuple[str, ...]]:
    return [
        (
            f"`{frame.type}`",
            "<br>".join(f"`{name}`: {rule}" for name, rule in frame.fields.items()) or "none",
            (frame.__doc__ or "").strip(),
        )
        for frame in wire.CLIENT_FRAMES
    ]


def _server_rows() -> list[tuple[str, ...]]:
    return [(f"`{frame.type}`", f"`{frame.payload}`", frame.meaning) for frame in wire.SERVER_FRAMES]


def _code_rows() -> list[tuple[str, ...]]:
    return [(f"`{code}`", meaning) for code, meaning in wire.CODES.items()]


def _close_rows() -> list[tuple[str, ...]]:
    return [(str(int(code)), meaning) for code, meaning in sorted(MEANING.items())]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
