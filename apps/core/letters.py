"""Letters: the one way an email is written, as text and as HTML in the product's look.

A letter is a pair of templates: `letters/<name>.txt`, whose first line is the subject, and
`letters/<name>.html`; both extend `letters/base`. Both know `site_name`, `public_url` and `to`. A worker
posts them (`posting`).
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from typing import Any, Self

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from .events import publish
from .models import OutgoingLetter
from .sealing import box

LONGEST_SUBJECT = 150  # a name in it may be long; mail programs cut much earlier


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says, and the headers of mail that are its own."""

    subject: str
    text: str
    html: str
    headers: dict[str, str]

    def seal(self) -> str:
        """All of it, for none but this site to read."""
        return box("letters").encrypt(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def opened(cls, sealed: str) -> Self:
        """Raises InvalidToken when it was sealed under another SECRET_KEY."""
        return cls(**json.loads(box("letters").decrypt(sealed)))


@dataclass(frozen=True, slots=True)
class LetterWritten:
    """A fact: a letter waits to be posted."""

    letter_id: uuid.UUID


def send_letter(to: str, template: str, context: dict[str, Any], *, unsubscribe_url: str = "") -> None:
    """Write the letter `template` to the address `to`; it is posted once the surrounding transaction has
    committed, and later while no mail server answers.

    `unsubscribe_url` is absolute and ends letters of this kind by one POST (RFC 2369, RFC 8058). Raises
    TemplateDoesNotExist for an unknown letter.
    """
    letter = write_letter(to, template, context, unsubscribe_url=unsubscribe_url)
    with transaction.atomic():
        row = OutgoingLetter.objects.create(to=to, template=template, sealed=letter.seal())
        publish(LetterWritten(row.pk))


def write_letter(to: str, template: str, context: dict[str, Any], *, unsubscribe_url: str = "") -> Letter:
    """The letter as it would be posted."""
    known = {"site_name": settings.SITE_NAME, "public_url": settings.PUBLIC_URL, "to": to, **context}
    subject, _, text = render_to_string(f"letters/{template}.txt", known).strip().partition("\n")
    subject = _one_line(subject)
    html = render_to_string(f"letters/{template}.html", {**known, "subject": subject})
    # Nobody's "I am on holiday" is wanted (RFC 3834, section 5).
    headers = {"Auto-Submitted": "auto-generated"}
    if unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return Letter(subject, text.strip() + "\n", html, headers)


def _one_line(subject: str) -> str:
    """Whatever a name in it holds: a header of mail ends at the first line's end."""
    line = " ".join(subject.split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"
