"""Posting the letters that wait, by any number of workers: each once."""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import EmailMessage
from django.db import transaction
from django.utils import timezone

from .letters import Letter
from .models import OutgoingLetter

log = logging.getLogger(__name__)

# Longer than a mail server may take for one letter (EMAIL_TIMEOUT holds for each of its answers).
HOLD = timedelta(minutes=5)
# From one try to the next: doubled each time.
PAUSE_LEAST, PAUSE_MOST = timedelta(seconds=10), timedelta(minutes=10)
GIVEN_UP_AFTER = timedelta(days=1)
# RFC 4954, section 6: some say so only when they hear whom a letter is for.
AUTHENTICATION_REQUIRED = 530


class NoMailServer(Exception):
    """It does not answer, does not let us in or does not take us as sender: no letter leaves for now."""


def post_letters() -> None:
    """Post all letters whose time it is, until a mail server does not answer.

    Each is posted once. Only a worker that is killed between the mail server's "accepted" and the next
    statement leaves one that is posted again, under the same Message-ID.
    """
    connection = get_connection()
    try:
        while (waiting := _take()) is not None:
            try:
                letter = Letter.opened(waiting.sealed)
                message = message_of(letter, to=waiting.to, mark=waiting.pk.hex)
                is_settled = hand_over(message, connection)
            except NoMailServer:
                _put_back(waiting)
                break
            except InvalidToken:
                log.error("The letter %s was sealed under another SECRET_KEY; it is lost.", waiting.template)
                is_settled = True
            if is_settled:
                waiting.delete()
            else:
                _put_back(waiting)
    finally:
        connection.close()


def hand_over(letter: EmailMessage, connection: Any) -> bool:
    """Whether the mail server has settled this letter, be it that it does not want it; False: not now.
    Raises NoMailServer."""
    letter.connection = connection
    try:
        connection.open()
        letter.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as refusal:
        code = _code(refusal)
        log.warning("The mail server refused a letter: %s %s", type(refusal).__name__, code)
        if code == AUTHENTICATION_REQUIRED:
            raise NoMailServer from refusal
        return code >= 500
    # A refused sender is among them: that says something of our login, right or quota, nothing of the letter.
    except (OSError, smtplib.SMTPException) as error:
        log.warning("No mail server takes our letters: %s", error)
        raise NoMailServer from error
    return True


def message_of(letter: Letter, *, to: str, mark: str) -> EmailMultiAlternatives:
    """The letter as mail programs get it. They know it by its `mark`: posted twice, it is shown once."""
    number = f"<{mark}@{urlsplit(settings.PUBLIC_URL).hostname}>"
    headers = {**letter.headers, "Message-ID": number}
    message = EmailMultiAlternatives(letter.subject, letter.text, to=[to], headers=headers)
    message.attach_alternative(letter.html, "text/html")
    return message


def _code(refusal: smtplib.SMTPException) -> int:
    """What the mail server answered: from 500 on, for good."""
    if isinstance(refusal, smtplib.SMTPRecipientsRefused):
        return max(code for code, _ in refusal.recipients.values())
    return int(getattr(refusal, "smtp_code", 0))


def _take() -> OutgoingLetter | None:
    """The next letter whose time it is, held so that no other worker takes it; None when none is left. One
    that has waited for too long is given up."""
    while True:
        with transaction.atomic():
            now = timezone.now()
            due = OutgoingLetter.objects.select_for_update(skip_locked=True).due(now)
            letter = due.order_by("pk").first()
            if letter is None:
                return None
            if letter.written_at > now - GIVEN_UP_AFTER:
                letter.held_until, letter.tries = now + HOLD, letter.tries + 1
                letter.save(update_fields=["held_until", "tries"])
                return letter
            letter.delete()
        log.error("The letter %s could not be posted in %s tries.", letter.template, letter.tries)


def _put_back(letter: OutgoingLetter) -> None:
    pause = min(PAUSE_LEAST * 2 ** min(letter.tries - 1, 10), PAUSE_MOST)
    OutgoingLetter.objects.filter(pk=letter.pk).update(held_until=timezone.now() + pause)
