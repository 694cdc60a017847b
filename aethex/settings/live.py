"""The picture and the chat: how they are cut, kept and limited."""

from __future__ import annotations

import re

from django.core.exceptions import ImproperlyConfigured

from aethex import env

# The ingest node's name, unlike every other's; empty: made of its host and RTMP port.
NODE_ID = env.text("NODE_ID", "")
if len(NODE_ID) > 64:
    raise ImproperlyConfigured("NODE_ID has more than 64 characters.")
# Where edges and transcoders reach its HTTP; empty: made of the address that it listens on.
NODE_URL = env.origin("NODE_URL")
# off, auto (what the machine affords: nothing on two cores), or the renditions to make.
RENDITIONS = env.words("RENDITIONS", "auto")
_renditions = {"1080p", "720p", "480p", "160p", "audio"}
if RENDITIONS not in (["off"], ["auto"]) and not (RENDITIONS and _renditions.issuperset(RENDITIONS)):
    raise ImproperlyConfigured(
        f"RENDITIONS={','.join(RENDITIONS)!r}: use off, auto, or some of {', '.join(sorted(_renditions))}."
    )
# Signs playback grants; empty: made of SECRET_KEY. All that a machine with nothing but an edge has to know.
GRANT_KEY = env.text("GRANT_KEY", "")
if GRANT_KEY and not re.fullmatch("[0-9a-f]{64}", GRANT_KEY):
    raise ImproperlyConfigured("GRANT_KEY is 64 digits of 0-9 a-f: what `manage.py grant_key` tells.")
PLAYBACK_GRANT_SECONDS = env.integer("PLAYBACK_GRANT_SECONDS", 600, low=10, high=86_400)
RECONNECT_GRACE_SECONDS = env.integer("RECONNECT_GRACE_SECONDS", 60, low=1, high=3600)
PUBLISHER_SILENT_SECONDS = 2.0
# Encoders behind one address (a school, a proxy) share this many RTMP connections.
RTMP_PER_ADDRESS = env.integer("RTMP_PER_ADDRESS", 20, low=1)
# Forwarding to machines of one's own network: for tests and trials, never on the internet.
SIMULCAST_ALLOW_PRIVATE = env.flag("SIMULCAST_ALLOW_PRIVATE", default=False)
PART_MS = env.integer("PART_MS", 200, low=100, high=1000)
# What is held in memory of each stream, and how far back viewers may go: the rest comes from the recording.
LIVE_WINDOW_SECONDS = env.integer("LIVE_WINDOW_SECONDS", 30, low=10, high=7200)
REWIND_SECONDS = env.integer("REWIND_SECONDS", 7200, low=0, high=86_400)
# Where an edge gets all streams from, instead of the nodes that the database knows; and what it may keep.
EDGE_UPSTREAM = env.origin("EDGE_UPSTREAM")
EDGE_MEMORY_MB = env.integer("EDGE_MEMORY_MB", 512, low=64)

# --- chat ------------------------------------------------------------------------------------------
CHAT_RATE = env.rate("CHAT_RATE", "5/10")  # messages/seconds and person
# Open websockets in one socket process; this machine's own address is not limited.
SOCKETS_PER_ADDRESS = env.integer("SOCKETS_PER_ADDRESS", 100, low=1)
SOCKETS_PER_PERSON = env.integer("SOCKETS_PER_PERSON", 20, low=1)
