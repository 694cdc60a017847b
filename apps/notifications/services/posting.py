"""Posting the letters that wait, by any number of workers."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.message import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from apps.accounts.middleware import zone_named
from apps.channels.models import Follow, Occurrence
from apps.core.letters import write_letter
from apps.core.posting import NoMailServer, hand_over, message_of
from apps.notifications.models import Letter, Mailing
from apps.streams.models import Broadcast

from .unsubscribing import unsubscribe_url

log = logging.getLogger(__name__)

BATCH = 50
TRIES = 3
# A worker begins no letter after half the time for which it holds them: the last one may take long.
HOLD = timedelta(minutes=5)
PAUSE = timedelta(minutes=1)
# A reminder that comes when the broadcast should have begun reminds nobody.
LATE = timedelta(minutes=2)


def post_letters() -> bool:
    """Post some of the letters that wait; whether others still do.

    Each is posted once. Only a worker that is killed between the mail server's "accepted" and the next
    statement leaves one that is posted again, under the same Message-ID.
    """
    stop_at = time.monotonic() + HOLD.total_seconds() / 2
    letters = _take()
    told = _told_of(letters)
    addresses = _addresses(letters)
    connection = get_connection()
    try:
        for number, letter in enumerate(letters):
            if time.monotonic() > stop_at:
                _put_back(letters[number:])
                break
            address, context = addresses.get(letter.pk), told.get(letter.mailing_id)
            try:
                if address and context and not hand_over(_written(letter, address, context), connection):
                    continue  # later, when its time is over
            except NoMailServer:
                _put_back(letters[number:])
                break
            letter.delete()
    finally:
        connection.close()
    return Letter.objects.due(timezone.now()).exists()


def _take() -> list[Letter]:
    """Up to BATCH letters, held so that no other worker takes them. What was tried too often is given up."""
    with transaction.atomic():
        now = timezone.now()
        due = Letter.objects.select_for_update(skip_locked=True, of=("self",)).due(now)
        letters = list(due.select_related("mailing", "user").order_by("pk")[:BATCH])
        for letter in letters:
            letter.held_until, letter.tries = now + HOLD, letter.tries + 1
        Letter.objects.bulk_update(letters, ["held_until", "tries"])
    return [letter for letter in letters if not _is_given_up(letter)]


def _is_given_up(letter: Letter) -> bool:
    if letter.tries <= TRIES:
        return False
    log.warning("A letter of the mailing %s could not be posted in %s tries.", letter.mailing_id, TRIES)
    letter.delete()
    return True


def _put_back(letters: Sequence[Letter]) -> None:
    """Let them be posted later, as if they had not been taken."""
    for letter in letters:
        letter.held_until, letter.tries = timezone.now() + PAUSE, letter.tries - 1
    Letter.objects.bulk_update(letters, ["held_until", "tries"])


def _addresses(letters: Sequence[Letter]) -> dict[int, str]:
    """By letter, the verified address of those who have an account and still want it."""
    people = {letter.user_id for letter in letters if letter.user.is_active}
    verified = EmailAddress.objects.filter(user__in=people, verified=True, primary=True)
    emails = dict(verified.values_list("user_id", "email"))
    follows = Follow.objects.filter(
        user__in=people, channel__mailings__in={row.mailing_id for row in letters}
    )
    bells = {
        (channel, user): bell for channel, user, bell in follows.values_list("channel_id", "user_id", "bell")
    }
    return {
        letter.pk: emails[letter.user_id]
        for letter in letters
        if letter.user_id in emails
        and bells.get((letter.mailing.channel_id, letter.user_id)) in letter.mailing.bells
    }


def _told_of(letters: Sequence[Letter]) -> dict[Any, dict[str, Any]]:
    """By mailing, what its letters tell; nothing of what is over or called off by now."""
    mailings = Mailing.objects.filter(
        pk__in={letter.mailing_id for letter in letters}, channel__suspended_at__isnull=True
    ).select_related("channel", "broadcast__category", "scheduled__category")
    return {mailing.pk: told for mailing in mailings if (told := _told(mailing))}


def _told(mailing: Mailing) -> dict[str, Any]:
    watch_url = settings.PUBLIC_URL + reverse("streams:watch", args=[mailing.channel.slug])
    told = {"channel": mailing.channel, "watch_url": watch_url}
    if isinstance(mailing.broadcast, Broadcast):
        on_air = mailing.broadcast.is_live
        return told | {"letter": "live", "what": mailing.broadcast} if on_air else {}
    if mailing.scheduled is None or mailing.on is None:
        return {}
    planned = Occurrence(mailing.scheduled, mailing.on)
    is_ahead = not planned.is_cancelled and mailing.scheduled.takes_place_on(mailing.on)
    if not is_ahead or planned.starts_at < timezone.now() - LATE or mailing.channel.is_live:
        return {}
    return told | {"letter": "reminder", "what": mailing.scheduled, "starts_at": planned.starts_at}


def _written(letter: Letter, address: str, told: dict[str, Any]) -> EmailMessage:
    end_url = unsubscribe_url(channel_id=letter.mailing.channel_id, user_id=letter.user_id)
    told = told | {"unsubscribe_url": end_url, "zone": letter.user.time_zone.replace("_", " ")}
    with timezone.override(zone_named(letter.user.time_zone)):
        written = write_letter(address, told["letter"], told, unsubscribe_url=end_url)
    return message_of(written, to=address, mark=f"{letter.mailing_id.hex}.{letter.user_id.hex}")
