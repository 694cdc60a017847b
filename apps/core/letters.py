"""Letters: the one way an email is written and posted, as text and as HTML in the product's look.

A letter is a pair of templates: `letters/<name>.txt`, whose first line is the subject, and
`letters/<name>.html`; both extend `letters/base`. Both know `site_name`, `public_url` and `to`.
"""

from __future__ import annotations

import logging
import smtplib
from email.utils import make_msgid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string

log = logging.getLogger(__name__)

LONGEST_SUBJECT = 150  # a name in it may be long; mail programs cut much earlier


def send_letter(to: str, template: str, context: dict[str, Any], *, unsubscribe_url: str = "") -> None:
    """Post the letter `template` to the address `to` once the surrounding transaction has committed.

    `unsubscribe_url` is absolute and ends letters of this kind by one POST (RFC 2369, RFC 8058). Raises
    TemplateDoesNotExist for an unknown letter. A letter that can't be posted is logged, and nobody hears of
    it: the deed that it tells of has been done.
    """
    letter = write_letter(to, template, context, unsubscribe_url=unsubscribe_url)
    transaction.on_commit(lambda: _post(letter, template), robust=True)


def write_letter(
    to: str, template: str, context: dict[str, Any], *, unsubscribe_url: str = ""
) -> EmailMultiAlternatives:
    """The letter as it would be posted."""
    known = {"site_name": settings.SITE_NAME, "public_url": settings.PUBLIC_URL, "to": to, **context}
    subject, _, text = render_to_string(f"letters/{template}.txt", known).strip().partition("\n")
    subject = _one_line(subject)
    html = render_to_string(f"letters/{template}.html", {**known, "subject": subject})
    letter = EmailMultiAlternatives(
        subject,
        text.strip() + "\n",
        to=[to],
        headers={
            "Message-ID": make_msgid(domain=urlsplit(settings.PUBLIC_URL).hostname),
            # Nobody's "I am on holiday" is wanted (RFC 3834, section 5).
            "Auto-Submitted": "auto-generated",
        },
    )
    letter.attach_alternative(html, "text/html")
    if unsubscribe_url:
        letter.extra_headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        letter.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return letter


def _one_line(subject: str) -> str:
    """Whatever a name in it holds: a header of mail ends at the first line's end."""
    line = " ".join(subject.split())
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _post(letter: EmailMultiAlternatives, template: str) -> None:
    try:
        letter.send()
    except (OSError, smtplib.SMTPException):
        log.exception("The letter %s could not be posted", template)
