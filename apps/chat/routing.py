"""The websocket addresses of a channel: what stands before its slug, and the door there."""

from typing import Any

from apps.core.realtime.socket import Door

from .sockets import DASHBOARD, ROOM

DOORS: dict[str, Door[Any]] = {"/ws/channels": ROOM, "/ws/dashboard": DASHBOARD}
