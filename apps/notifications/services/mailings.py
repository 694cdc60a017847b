"""What followers are told, each thing once, and for whom a letter is written out."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.channels.facts import OccurrenceDue
from apps.channels.models import Channel, Follow
from apps.notifications.models import Letter, Mailing
from apps.streams.models import Broadcast

# Who begins anew within this time goes on with what the followers were told of already.
CONTINUES = timedelta(minutes=10)
MOST_A_DAY = 6
# What is older is no news: the workers were away.
NEWS = timedelta(hours=1)
KEPT = timedelta(days=7)
PAGE = 500


def open_mailings() -> None:
    """One mailing for each broadcast that has begun; nobody is told of one that continues another, nor of a
    channel's seventh in a day."""
    fresh = Broadcast.objects.on_air().filter(
        mailing__isnull=True, started_at__gte=timezone.now() - NEWS, channel__suspended_at__isnull=True
    )
    for broadcast in fresh[:PAGE]:
        with transaction.atomic():
            # Two workers that see the same broadcast meet at its channel.
            if not Channel.objects.select_for_update(no_key=True).filter(pk=broadcast.channel_id).exists():
                continue
            state = Mailing.State.LISTING if _is_news(broadcast) else Mailing.State.WITHHELD
            Mailing.objects.get_or_create(
                broadcast=broadcast, defaults={"channel_id": broadcast.channel_id, "state": state}
            )


def open_reminder(fact: OccurrenceDue) -> None:
    """A mailing for a planned broadcast that is about to begin."""
    Mailing.objects.get_or_create(
        scheduled_id=fact.scheduled_id, on=fact.on, defaults={"channel_id": fact.channel_id}
    )


def list_letters() -> None:
    """Write out the letters of all mailings."""
    waiting = Mailing.objects.filter(state=Mailing.State.LISTING).order_by("pk")
    for pk in list(waiting.values_list("pk", flat=True)):
        while _list_page(pk):
            pass


def forget_mailings() -> None:
    """Remove mailings that are a week old: nothing asks for them any more."""
    Mailing.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def _is_news(broadcast: Broadcast) -> bool:
    begun = broadcast.started_at or timezone.now()
    others = Broadcast.objects.filter(channel_id=broadcast.channel_id).exclude(pk=broadcast.pk)
    if others.aired().filter(ended_at__gte=begun - CONTINUES).exists():
        return False
    told = Mailing.objects.filter(
        channel_id=broadcast.channel_id, broadcast__isnull=False, created_at__gte=begun - timedelta(days=1)
    )
    return told.exclude(state=Mailing.State.WITHHELD).count() < MOST_A_DAY


def _list_page(mailing_id: uuid.UUID) -> bool:
    """Write out one page; whether there may be another. The letters and the place are one transaction."""
    with transaction.atomic():
        mailing = Mailing.objects.select_for_update().filter(pk=mailing_id).first()
        if mailing is None or mailing.state != Mailing.State.LISTING:
            return False
        # Who follows from now on has seen it.
        follows = Follow.objects.filter(channel_id=mailing.channel_id, created_at__lte=mailing.created_at)
        if mailing.listed_up_to:
            follows = follows.filter(pk__gt=mailing.listed_up_to)
        page = list(follows.order_by("pk").values_list("pk", "user_id", "bell")[:PAGE])
        rows = [Letter(mailing=mailing, user_id=user) for _, user, bell in page if bell in mailing.bells]
        Letter.objects.bulk_create(rows)
        is_last = len(page) < PAGE
        if is_last:
            mailing.state = Mailing.State.LISTED
        if page:
            mailing.listed_up_to = page[-1][0]
        mailing.save(update_fields=["listed_up_to", "state"])
    return not is_last
