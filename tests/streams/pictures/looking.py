"""What pictures of a broadcast there are, and what is on them."""

from __future__ import annotations

import io

from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from apps.streams import services
from apps.streams.models import Broadcast, still_name

RED, BLUE = "color=c=red:s=640x360", "color=c=blue:s=640x360"


def name_at(second: int) -> str:
    """What a segment is called that begins at this second of the stream."""
    return f"{second:07d}_{second * 1000}_2000_{1795181766000 + second * 1000}_4_e000_k.m4s"


def due(broadcast: Broadcast) -> None:
    """A minute later."""
    Broadcast.objects.filter(pk=broadcast.pk).update(pictured_at=timezone.now() - services.pictures.EVERY)


def thumbnails(broadcast: Broadcast) -> list[str]:
    try:
        return sorted(default_storage.listdir(f"thumbnails/{broadcast.pk.hex}")[1])
    except FileNotFoundError:
        return []


def picture(data: bytes) -> Image.Image:
    opened = Image.open(io.BytesIO(data))
    assert opened.format == "WEBP"
    return opened.convert("RGB")


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 24 for one, other in zip(pixel, colour, strict=True))  # type: ignore[call-overload]


def thumbnail(broadcast: Broadcast, width: int = 640) -> Image.Image:
    broadcast.refresh_from_db()
    with default_storage.open(still_name(broadcast.picture, width)) as file:
        return picture(file.read())
