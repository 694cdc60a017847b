"""Letters to followers: who gets one, when nobody does, and never two."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from smtplib import SMTPSenderRefused

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import block_person
from apps.channels import services as channels
from apps.channels.models import Channel
from apps.notifications import services
from apps.notifications.models import Letter, Mailing
from apps.notifications.services import mailings, posting
from apps.streams.models import Broadcast
from apps.streams.services import end_broadcast
from tests import factories
from tests.channels.conftest import at_once
from tests.stack.environment import ROOT

from .conftest import deliver
from .postbox import letters_in


def to_whom() -> list[str]:
    return sorted(address.partition("@")[0] for letter in mail.outbox for address in letter.to)


def test_going_live_is_told_to_those_whose_bell_is_on_at_their_verified_address(channel, follower):
    follower("all", bell="all")
    follower("live")
    follower("off", bell="off")
    follower("unverified", verified=False)
    User.objects.filter(pk=follower("closed").pk).update(is_active=False)
    factories.live(channel)
    deliver()
    assert to_whom() == ["all", "live"]
    assert Letter.objects.count() == 0


def test_the_letter_says_what_is_on_and_how_to_end_such_letters(channel, follower):
    viewer = follower("vera")
    Broadcast.objects.filter(pk=factories.live(channel).pk).update(title="<b>Modular</b> & more")
    deliver()
    (letter,) = mail.outbox
    assert letter.subject == "Night drive is live: <b>Modular</b> & more"
    html = letter.alternatives[0][0]
    assert "&lt;b&gt;Modular&lt;/b&gt; &amp; more" in html
    end_url = services.unsubscribe_url(channel_id=channel.pk, user_id=viewer.pk)
    assert letter.extra_headers["List-Unsubscribe"] == f"<{end_url}>"
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for part in (letter.body, html):
        assert "/streams/night-drive" in part
        assert end_url in part


def test_each_broadcast_is_told_once_whatever_its_encoder_does(channel, follower):
    follower()
    broadcast = factories.live(channel)
    deliver()
    Broadcast.objects.filter(pk=broadcast.pk).update(status="ENDING")
    deliver()
    Broadcast.objects.filter(pk=broadcast.pk).update(status="LIVE")
    deliver()
    assert len(mail.outbox) == 1


def test_who_begins_anew_at_once_goes_on_and_later_it_is_news_again(channel, follower):
    follower()
    end_broadcast(actor=channel.owner, broadcast=factories.live(channel))
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        again = factories.live(channel, "session-2")
        deliver()
        assert not mail.outbox, "what was over before anybody was told is not told either"
        assert Mailing.objects.get(broadcast=again).state == Mailing.State.WITHHELD
        end_broadcast(actor=channel.owner, broadcast=again)
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        factories.live(channel, "session-3")
        deliver()
    assert len(mail.outbox) == 1


def test_a_channel_is_news_six_times_a_day(channel, follower):
    follower()
    start = timezone.now()
    for number in range(mailings.MOST_A_DAY + 1):
        with time_machine.travel(start + number * timedelta(minutes=30)):
            broadcast = factories.live(channel, f"session-{number}")
            deliver()
            end_broadcast(actor=channel.owner, broadcast=broadcast)
    assert len(mail.outbox) == mailings.MOST_A_DAY


def written(channel) -> Broadcast:
    """A broadcast whose letters are written out, and not posted yet."""
    broadcast = factories.live(channel)
    services.open_mailings()
    services.list_letters()
    assert Letter.objects.exists()
    return broadcast


@pytest.mark.parametrize("change", ["over", "quiet", "unfollowed", "blocked", "suspended", "unverified"])
def test_what_nobody_wants_any_more_is_not_posted(channel, follower, change):
    viewer = follower()
    broadcast = written(channel)
    if change == "over":
        end_broadcast(actor=channel.owner, broadcast=broadcast)
    elif change == "quiet":
        channels.follow_channel(actor=viewer, channel=channel, bell="off")
    elif change == "unfollowed":
        channels.unfollow_channel(actor=viewer, channel=channel)
    elif change == "blocked":
        block_person(actor=channel.owner, person=viewer)
        channels.unfollow_channel(actor=viewer, channel=channel)
    elif change == "suspended":
        Channel.objects.update(suspended_at=timezone.now())
    else:
        EmailAddress.objects.update(verified=False)
    deliver()
    assert not mail.outbox
    assert not Letter.objects.exists()


def test_old_news_is_none(channel, follower):
    follower()
    factories.live(channel)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        deliver()
    assert not mail.outbox


def test_who_follows_after_it_began_gets_no_letter(channel, follower):
    follower("early")
    factories.live(channel)
    services.open_mailings()
    follower("late")
    deliver()
    assert to_whom() == ["early"]


def test_the_list_is_written_page_after_page(channel, follower, monkeypatch):
    monkeypatch.setattr(mailings, "PAGE", 2)
    monkeypatch.setattr(posting, "BATCH", 3)
    for number in range(5):
        follower(f"viewer{number}")
    factories.live(channel)
    deliver()
    assert to_whom() == [f"viewer{number}" for number in range(5)]


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_post_each_letter_once(channel, follower, monkeypatch):
    monkeypatch.setattr(mailings, "PAGE", 4)
    monkeypatch.setattr(posting, "BATCH", 2)
    names = [follower().username for _ in range(12)]
    factories.live(channel)
    assert at_once(lambda _: deliver(), range(4)) == [None] * 4
    deliver()
    assert to_whom() == sorted(names)


WORKER = """
import sys
import django
django.setup()
from django.conf import settings
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
settings.POSTBOX, settings.KILL_BEFORE, settings.KILL_AFTER = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
settings.EMAIL_BACKEND = "tests.notifications.postbox.Postbox"
from tests.notifications.conftest import deliver
deliver()
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("before", "after", "twice"), [(3, -1, 0), (-1, 3, 1)])
def test_a_killed_worker_loses_no_letter(channel, follower, settings, tmp_path, before, after, twice):
    """Killed before the mail server took the fourth one: each is posted once. Killed in the instant after it
    took the third one: that one is posted again, and says that it is the same."""
    settings.EMAIL_BACKEND = "tests.notifications.postbox.Postbox"
    settings.POSTBOX, settings.KILL_BEFORE, settings.KILL_AFTER = str(tmp_path), -1, -1
    names = [follower().email for _ in range(6)]
    factories.live(channel)
    arguments = [str(connection.settings_dict["NAME"]), str(tmp_path), str(before), str(after)]
    killed = subprocess.run([sys.executable, "-c", WORKER, *arguments], cwd=ROOT, check=False)
    assert killed.returncode == -9
    assert len(letters_in(tmp_path)) == 3
    deliver()
    assert len(letters_in(tmp_path)) == 3, "they are in the dead one's hands until their time is over"
    with time_machine.travel(timezone.now() + posting.HOLD):
        deliver()
    posted = letters_in(tmp_path)
    assert {letter["To"] for letter in posted} == set(names)
    assert len(posted) == 6 + twice
    assert len({letter["Message-ID"] for letter in posted}) == 6
    assert max(Counter(letter["To"] for letter in posted).values()) == 1 + twice


class Away(BaseEmailBackend):
    def open(self):
        raise ConnectionRefusedError("no mail server here")


class Unwilling(BaseEmailBackend):
    def send_messages(self, messages):
        raise SMTPSenderRefused(550, b"not your address", messages[0].from_email)


@pytest.mark.parametrize("server", [Away, Unwilling])
def test_while_no_mail_server_takes_them_letters_wait(channel, follower, settings, server):
    follower()
    works = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = f"{__name__}.{server.__name__}"
    factories.live(channel)
    start = timezone.now()
    for minutes in range(0, 10, 2):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            deliver()
    assert Letter.objects.count() == 1
    settings.EMAIL_BACKEND = works
    with time_machine.travel(start + timedelta(minutes=10)):
        deliver()
    assert len(mail.outbox) == 1


NOON = datetime(2027, 3, 7, 12, tzinfo=UTC)


def plan(channel, **fields):
    wanted = {
        "title": "Modular", "first_on": date(2027, 3, 7), "start_time": time(18), "duration_minutes": 60,
        "time_zone": "Europe/Berlin", "repeats": "weekly",
    }  # fmt: skip
    return channels.schedule_broadcast(actor=channel.owner, channel=channel, **(wanted | fields))


def ring_at(moment: datetime) -> None:
    with time_machine.travel(moment, tick=False):
        channels.ring_occurrences()
        deliver()


def test_who_wants_everything_is_reminded_a_quarter_of_an_hour_before(channel, follower):
    with time_machine.travel(NOON, tick=False):
        viewer = follower("all", bell="all")
        User.objects.filter(pk=viewer.pk).update(time_zone="America/New_York")
        follower("live")
        plan(channel)
    ring_at(NOON + timedelta(hours=4, minutes=44))
    assert not mail.outbox
    for minutes in (46, 50, 59):
        ring_at(NOON + timedelta(hours=4, minutes=minutes))
    assert to_whom() == ["all"]
    assert mail.outbox[0].subject == "Night drive at 12:00: Modular"
    assert "Sunday 7 March, America/New York" in mail.outbox[0].body
    ring_at(NOON + timedelta(days=7, hours=4, minutes=50))
    assert len(mail.outbox) == 2


def test_a_change_in_the_last_minutes_reminds_nobody_twice(channel, follower):
    with time_machine.travel(NOON, tick=False):
        follower(bell="all")
        scheduled = plan(channel)
    ring_at(NOON + timedelta(hours=4, minutes=50))
    with time_machine.travel(NOON + timedelta(hours=4, minutes=51), tick=False):
        channels.edit_scheduled(actor=channel.owner, scheduled=scheduled, title="Ambient")
    ring_at(NOON + timedelta(hours=4, minutes=52))
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("change", ["cancelled", "deleted", "moved", "live", "late"])
def test_nobody_is_reminded_of_what_does_not_come(channel, follower, change):
    soon = NOON + timedelta(hours=4, minutes=50)
    with time_machine.travel(NOON, tick=False):
        follower(bell="all")
        scheduled = plan(channel)
    with time_machine.travel(soon, tick=False):
        channels.ring_occurrences()
        services.list_letters()
        assert Letter.objects.count() == 1
        if change == "cancelled":
            channels.cancel_occurrence(actor=channel.owner, scheduled=scheduled, on=date(2027, 3, 7))
        elif change == "deleted":
            channels.unschedule_broadcast(actor=channel.owner, scheduled=scheduled)
        elif change == "moved":
            channels.edit_scheduled(actor=channel.owner, scheduled=scheduled, first_on=date(2027, 3, 9))
        elif change == "live":
            Channel.objects.update(is_live=True)
    with time_machine.travel(soon + timedelta(minutes=20 if change == "late" else 1), tick=False):
        while services.post_letters():
            pass
    assert not mail.outbox
    assert not Letter.objects.exists()


def test_old_mailings_are_forgotten(channel, follower):
    follower()
    factories.live(channel)
    deliver()
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        services.forget_mailings()
        deliver()
    assert not Mailing.objects.exists()
    assert len(mail.outbox) == 1
