"""A channel's pictures, and the card that other sites show beside a link to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.core.files.base import ContentFile

from apps.channels.models import Channel
from apps.core import images
from apps.core.files import let_go

SIZES = {"avatar": (256, 256), "banner": (1600, 400)}
PICTURES = (*SIZES, "card")


def checked_picture(field: str, upload: IO[bytes] | None) -> ContentFile[bytes] | None:
    """The upload as it is stored; raises Invalid that names `field`."""
    if upload is None:
        return None
    width, height = SIZES[field]
    return images.reencode(upload, field=field, width=width, height=height)


def new_pictures(channel: Channel, changes: Mapping[str, Any]) -> dict[str, ContentFile[bytes] | None]:
    """What becomes of the channel's pictures with these changes: those that change, and then the card, too.

    Reads files, so it is called before a transaction.
    """
    changed = {field: changes[field] for field in SIZES if field in changes}
    if not changed:
        return {}
    parts = {field: _now(channel, field) for field in SIZES.keys() - changed.keys()} | changed
    return changed | {"card": images.card(banner=parts["banner"], avatar=parts["avatar"])}


def _now(channel: Channel, field: str) -> ContentFile[bytes] | None:
    """The picture that the channel has now, whatever it had when its row was read."""
    name = Channel.objects.filter(pk=channel.pk).values_list(field, flat=True).first()
    if not name:
        return None
    try:
        with getattr(channel, field).storage.open(name) as file:
            return ContentFile(file.read())
    except FileNotFoundError:  # another change has just taken it away
        return None


def change_pictures(channel: Channel, pictures: Mapping[str, ContentFile[bytes] | None]) -> None:
    """Put these in place of the channel's pictures; the old files go once that is committed."""
    let_go(channel, *pictures)
    for field, picture in pictures.items():
        setattr(channel, field, picture or "")
    if pictures:
        channel.save(update_fields=list(pictures))
