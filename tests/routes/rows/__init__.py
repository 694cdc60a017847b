"""The matrix: what each of the cast gets at each route, a file an app."""

from tests.routes.cast import Row

from . import accounts, channels, chat, core, discovery, engagement, moderation, notifications, streams

ROWS: dict[str, Row] = {}
for _part in (accounts, channels, chat, core, discovery, engagement, moderation, notifications, streams):
    if _twice := ROWS.keys() & _part.ROWS.keys():
        raise AssertionError(f"two rows for {_twice}")
    ROWS |= _part.ROWS
