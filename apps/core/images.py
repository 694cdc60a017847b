"""Pictures that people upload: whatever comes in, a small, still, clean WebP goes out."""

from __future__ import annotations

import io
import struct
import warnings
from typing import IO

from django.core.files.base import ContentFile
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import Invalid
from .ids import uuid7

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 25_000_000
QUALITY = 86

# Pillow's own alarm, for pictures that lie about their size and are opened elsewhere.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def reencode(upload: IO[bytes], *, field: str, width: int, height: int) -> ContentFile[bytes]:
    """The picture in `upload`, cropped around its middle to at most `width` × `height` pixels, as WebP.

    A smaller picture keeps its size and gets the same proportions. Nothing of the original file survives but
    its pixels: no metadata, no trailing bytes, no second frame. The file is named by a fresh UUID.
    Raises Invalid that names `field` for what is too big, no picture, broken, or a kind that is not taken.
    """
    picture = _decode(_read(upload, field), field, (width, height))
    fitted = _fit(picture, width, height)
    out = io.BytesIO()
    fitted.save(out, "WEBP", quality=QUALITY, method=4)
    return ContentFile(out.getvalue(), name=f"{uuid7().hex}.webp")


def _read(upload: IO[bytes], field: str) -> bytes:
    """The bytes, never more than MAX_BYTES of them."""
    upload.seek(0)
    data = upload.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Invalid.field(field, f"This picture is too big. Use one of at most {MAX_BYTES >> 20} MB.")
    return data


def _decode(data: bytes, field: str, wanted: tuple[int, int]) -> Image.Image:
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
                picture.draft("RGB", (2 * max(wanted), 2 * max(wanted)))
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


def _fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(1.0, picture.width / width, picture.height / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
