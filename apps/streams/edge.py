"""An edge's link to the rest: where a stream runs, by the settings or by the database."""

from __future__ import annotations

from channels.db import database_sync_to_async
from django.conf import settings

from . import services
from .media import EdgeConfig, EdgeNode

MIB = 1024 * 1024


def make_edge() -> EdgeNode:
    """The edge as the settings want it, not started yet."""
    config = EdgeConfig(
        grant_key=services.grant_key(),
        cached_in_front=settings.TRUSTED_PROXIES > 0,
        live_bytes=settings.EDGE_MEMORY_MB * MIB // 2,
        segment_bytes=settings.EDGE_MEMORY_MB * MIB // 2,
    )
    return EdgeNode(_upstream if settings.EDGE_UPSTREAM else _node, config)


async def _upstream(stream_id: str) -> str | None:
    """Another edge, or the front door of a whole platform: whatever runs is found there."""
    return str(settings.EDGE_UPSTREAM)


_node = database_sync_to_async(services.node_url, thread_sensitive=False)
