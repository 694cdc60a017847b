"""Telling browsers what happened: `push(topic, frame(type, payload))` from anywhere."""

from .doorbell import note, push
from .frames import frame

__all__ = ["frame", "note", "push"]
