"""Pictures that people upload: whatever comes in, a small, still, clean WebP goes out."""

from __future__ import annotations

import io
import math
import re
import struct
import warnings
import zipfile
from dataclasses import dataclass
from typing import IO, Any

from django.core.files.base import ContentFile, File
from PIL import Image, ImageDraw, ImageFilter, ImageOps, UnidentifiedImageError

from .errors import Invalid
from .ids import uuid7

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 25_000_000
QUALITY = 86
# A crop may be off by what a browser rounds away, and keeps at least this part of a side.
SLACK, SMALLEST = 0.001, 0.01
# A picture that is a page, a program or an archive as well has no good reason to be one.
_SOMETHING_ELSE = re.compile(rb"<script|<html|<\?php|%PDF-", re.IGNORECASE)

# Pillow's own alarm, for pictures that lie about their size and are opened elsewhere.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of an upright picture: its left upper corner and its sides, as fractions of the whole."""

    x: float
    y: float
    width: float
    height: float


WHOLE = Crop(0, 0, 1, 1)


class Cropped(File):
    """An upload, and the part of it that is wanted."""

    def __init__(self, upload: IO[bytes], crop: Crop) -> None:
        super().__init__(upload)
        self.crop = crop


def checked_crop(x: Any, y: Any, width: Any, height: Any, *, field: str) -> Crop:
    """The crop of these four numbers, or Invalid that names `field`."""
    try:
        left, top, across, down = (float(number) for number in (x, y, width, height))
    except (TypeError, ValueError, OverflowError):
        raise _no_crop(field) from None
    if not all(map(math.isfinite, (left, top, across, down))):
        raise _no_crop(field)
    fits = min(left, top) >= -SLACK and max(left + across, top + down) <= 1 + SLACK
    if not fits or min(across, down) < SMALLEST:
        raise _no_crop(field)
    return Crop(max(0.0, left), max(0.0, top), across, down)


def _no_crop(field: str) -> Invalid:
    return Invalid.field(field, "A crop is x, y, width and height as fractions of the picture, from 0 to 1.")


def reencode(upload: IO[bytes], *, field: str, width: int, height: int) -> ContentFile[bytes]:
    """The picture in `upload`, cropped to at most `width` × `height` pixels, as WebP: to the part that is
    wanted (`Cropped`), and around the middle of that as far as its proportions are others.

    A smaller picture keeps its size and gets the same proportions. Nothing of the original file survives but
    its pixels: no metadata, no trailing bytes, no second frame. The file is named by a fresh UUID.
    Raises Invalid that names `field` for what is too big, no picture, something else as well, broken, or a
    kind that is not taken.
    """
    crop = upload.crop if isinstance(upload, Cropped) else WHOLE
    picture = _decode(_read(upload, field), field, (width / crop.width, height / crop.height))
    fitted = _fit(_cut(picture, crop), width, height)
    out = io.BytesIO()
    fitted.save(out, "WEBP", quality=QUALITY, method=4)
    return ContentFile(out.getvalue(), name=f"{uuid7().hex}.webp")


def _read(upload: IO[bytes], field: str) -> bytes:
    """The bytes, never more than MAX_BYTES of them."""
    upload.seek(0)
    data = upload.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Invalid.field(field, f"This picture is too big. Use one of at most {MAX_BYTES >> 20} MB.")
    if _SOMETHING_ELSE.search(data) or zipfile.is_zipfile(io.BytesIO(data)):
        raise Invalid.field(
            field, "This file is more than a picture. Use JPEG, PNG, WebP or GIF, saved as a picture alone."
        )
    return data


def _decode(data: bytes, field: str, wanted: tuple[float, float]) -> Image.Image:
    """The first frame, upright, as RGB or RGBA. The header is judged before a pixel is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as probe:
                if probe.width * probe.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                probe.verify()
            # verify() leaves the object unusable: the picture is opened a second time to be decoded.
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                # A JPEG can be decoded at a fraction of its size; both sides, for it may lie on one.
                side = round(2 * max(wanted))
                picture.draft("RGB", (side, side))
                upright = ImageOps.exif_transpose(picture)
                return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Invalid.field(
            field,
            f"This picture has too many pixels. Use one of at most {MAX_PIXELS // 1_000_000} megapixels.",
        ) from None
    except UnidentifiedImageError:
        raise Invalid.field(
            field, "This is no picture that we can read. Use JPEG, PNG, WebP or GIF."
        ) from None
    except (
        OSError,
        SyntaxError,
        ValueError,
        TypeError,
        ArithmeticError,
        LookupError,
        EOFError,
        struct.error,
    ):
        # Pillow's decoders answer broken files with any of these.
        raise Invalid.field(field, "This picture is damaged. Save it again and retry.") from None


def _cut(picture: Image.Image, crop: Crop) -> Image.Image:
    left, top = round(crop.x * picture.width), round(crop.y * picture.height)
    right = min(picture.width, round((crop.x + crop.width) * picture.width))
    bottom = min(picture.height, round((crop.y + crop.height) * picture.height))
    # A crop of a picture of few pixels is still one of them.
    left, top = min(left, picture.width - 1), min(top, picture.height - 1)
    return picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def _fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(1.0, picture.width / width, picture.height / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


CARD = (1200, 630)


def card(*, banner: IO[bytes] | None, avatar: IO[bytes] | None) -> ContentFile[bytes] | None:
    """What other sites show beside a link, CARD pixels as JPEG, which all of them read: the banner above the
    avatar, on what is left of the banner's light. None without either. Both are pictures of ours."""
    if banner is None and avatar is None:
        return None
    sheet = _backdrop(_opened(banner or avatar))
    width, height = CARD
    face = 220 if banner else 360
    top = width // 4 - face // 2 if banner else (height - face) // 2
    if banner is not None:
        sheet.paste(ImageOps.fit(_opened(banner), (width, width // 4), Image.Resampling.LANCZOS), (0, 0))
    if avatar is not None:
        _paste_round(sheet, _opened(avatar), face, ((width - face) // 2, top))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=QUALITY, optimize=True)
    return ContentFile(out.getvalue(), name=f"{uuid7().hex}.jpg")


def _opened(picture: IO[bytes] | None) -> Image.Image:
    assert picture is not None
    picture.seek(0)
    with Image.open(picture) as found:
        return found.convert("RGB")


def _backdrop(picture: Image.Image) -> Image.Image:
    """The picture's colours without its shapes, dark: blurred by being made tiny."""
    tiny = ImageOps.fit(picture, (24, 13), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(2))
    return tiny.resize(CARD, Image.Resampling.BICUBIC).point(lambda value: value * 2 // 5)


def _paste_round(sheet: Image.Image, picture: Image.Image, side: int, at: tuple[int, int]) -> None:
    """A round picture with an edge, smooth by being drawn four times as large."""
    edge = 8
    for size, what in ((side + 2 * edge, None), (side, picture)):
        mask = Image.new("L", (4 * size, 4 * size))
        ImageDraw.Draw(mask).ellipse((0, 0, 4 * size - 1, 4 * size - 1), fill=255)
        disc = ImageOps.fit(what, (size, size), Image.Resampling.LANCZOS) if what else (7, 11, 18)
        shift = (side - size) // 2
        box = (at[0] + shift, at[1] + shift, at[0] + shift + size, at[1] + shift + size)
        sheet.paste(disc, box, mask.resize((size, size), Image.Resampling.LANCZOS))
