"""Staff suspend people and channels: what ends, who is told, what comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.services import create_channel, reinstate_channel, suspend_channel
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, SignInNeeded
from apps.core.models import AuditEntry
from apps.moderation import services as moderation
from apps.moderation.models import Report
from apps.streams import services as streams
from apps.streams.media.ports import Refused
from tests import factories
from tests.pages.conftest import browser_of
from tests.staff.conftest import CHANNELS, PEOPLE, do

pytestmark = pytest.mark.django_db


def sign_in(client: Client, user: User) -> str:
    form = {"login": user.username, "password": factories.PASSWORD}
    return client.post("/auth/login", form, follow=True).content.decode()


class TestAPerson:
    def test_can_do_nothing_any_more_and_reads_why(self, desk: Client, channel: Channel, posted) -> None:
        owner, theirs = channel.owner, browser_of(channel.owner)
        token = APIClient()
        answer = token.post("/api/auth/login", {"login": "streamer", "password": factories.PASSWORD})
        token.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['accessToken']}")
        assert token.get("/api/auth/me").status_code == 200

        (letter,) = posted(lambda: do(desk, PEOPLE, "suspend", owner, reason="Sold <b>views</b>"))

        assert theirs.get("/settings").status_code == 302
        assert token.get("/api/auth/me").status_code == 401
        page = sign_in(Client(), owner)
        assert "Your account is suspended" in page
        assert "Sold &lt;b&gt;views&lt;/b&gt;" in page
        refused = APIClient().post("/api/auth/login", {"login": "streamer", "password": factories.PASSWORD})
        assert (refused.status_code, refused.json()["code"]) == (403, "ACCOUNT_SUSPENDED")
        assert "Sold <b>views</b>" in refused.json()["message"]
        assert letter.to == ["streamer@example.org"]
        assert "Sold <b>views</b>" in letter.body
        assert "until further notice" in letter.body

    def test_a_wrong_password_learns_nothing(self, boss: User, stranger: User) -> None:
        accounts.suspend_person(actor=boss, person=stranger, reason="Spam")
        page = Client().post("/auth/login", {"login": "stranger", "password": "not the one"}, follow=True)
        assert "suspended" not in page.content.decode()
        assert "suspended" not in Client().get("/auth/closed").content.decode()

    def test_takes_their_channels_along_and_brings_them_back(
        self, boss: User, channel: Channel, visitor
    ) -> None:
        broadcast = factories.live(channel)
        other = factories.channel(channel.owner)
        suspend_channel(actor=boss, channel=other, reason="A film")
        accounts.suspend_person(actor=boss, person=channel.owner, reason="Spam")
        broadcast.refresh_from_db()
        assert broadcast.status == "ARCHIVED"
        refused = visitor.get(f"/api/channels/{channel.slug}")
        assert (refused.status_code, refused.json()["code"]) == (404, "CHANNEL_CLOSED")
        assert not Channel.objects.listed().exists()
        with pytest.raises(Refused):
            factories.publishing(channel)
        with pytest.raises(Conflict) as refusal:
            reinstate_channel(actor=boss, channel=channel, reason="Sorry")
        assert refusal.value.code == "OWNER_IS_SHUT"

        accounts.reinstate_person(actor=boss, person=channel.owner, reason="A mistake")
        assert list(Channel.objects.standing()) == [channel]
        other.refresh_from_db()
        assert other.suspension_reason == "A film"

    def test_a_channel_that_staff_give_back_meanwhile_returns_with_its_owner(
        self, boss: User, channel: Channel
    ) -> None:
        suspend_channel(actor=boss, channel=channel, reason="A film")
        accounts.suspend_person(actor=boss, person=channel.owner, reason="Spam")
        reinstate_channel(actor=boss, channel=channel, reason="Theirs after all")
        assert not Channel.objects.standing().exists()
        accounts.reinstate_person(actor=boss, person=channel.owner, reason="A mistake")
        assert Channel.objects.standing().exists()

    def test_opens_no_channel_with_a_request_that_was_under_way(self, boss: User, stranger: User) -> None:
        accounts.suspend_person(actor=boss, person=stranger, reason="Spam")
        with pytest.raises(NotAllowed) as refusal:
            create_channel(actor=stranger, name="Came too late")
        assert refusal.value.code == "ACCOUNT_CLOSED"

    def test_is_let_in_again_when_the_time_is_over(self, boss: User, stranger: User, posted) -> None:
        until = timezone.now() + timedelta(days=3)
        (told,) = posted(
            lambda: accounts.suspend_person(actor=boss, person=stranger, reason="Spam", until=until)
        )
        assert f"until {until:%-d %B %Y}" in told.body
        assert accounts.reinstate_due() == 0
        User.objects.filter(pk=stranger.pk).update(suspended_until=timezone.now())
        (told,) = posted(accounts.reinstate_due)
        assert told.subject == "Your account is open again"
        assert accounts.reinstate_due() == 0
        assert "Sign in" not in sign_in(Client(), stranger)
        entry = AuditEntry.objects.get(action="person.reinstated")
        assert (entry.actor_id, entry.subject_id) == (None, str(stranger.pk))

    @pytest.mark.parametrize(
        ("answers", "field"),
        [
            ({"reason": " "}, "reason"),
            ({"reason": "x" * 301}, "reason"),
            ({"reason": "Spam", "until": timezone.now() - timedelta(minutes=1)}, "until"),
            ({"reason": "Spam", "until": timezone.now() + timedelta(days=4000)}, "until"),
        ],
    )
    def test_needs_a_reason_and_a_time_to_come(self, boss, stranger, answers, field) -> None:
        with pytest.raises(Invalid) as refusal:
            accounts.suspend_person(actor=boss, person=stranger, **answers)
        assert list(refusal.value.fields) == [field]
        stranger.refresh_from_db()
        assert stranger.is_active

    def test_nobody_suspends_themselves_nor_staff_their_like(self, boss, stranger, staff_with) -> None:
        helper = staff_with("accounts.suspend_user")
        for actor, person in ((helper, helper), (helper, boss), (helper, staff_with()), (boss, boss)):
            with pytest.raises(DomainError):
                accounts.suspend_person(actor=actor, person=person, reason="Spam")
        accounts.suspend_person(actor=boss, person=helper, reason="Left us")
        # A suspended one's powers are gone, too.
        with pytest.raises(NotAllowed):
            accounts.suspend_person(
                actor=User.objects.get(pk=helper.pk), person=stranger, reason="On the way out"
            )

    def test_who_reported_them_is_told_and_the_reports_are_upheld(
        self, boss: User, channel: Channel, stranger: User, posted
    ) -> None:
        bad = factories.person("bad")
        moderation.report(actor=stranger, kind="person", subject_id=bad.pk, reason="spam", channel=channel)
        (told,) = posted(lambda: accounts.suspend_person(actor=boss, person=bad, reason="Spam"))
        assert (told.to, told.subject) == (["bad@example.org"], "Your account is suspended")
        report = Report.objects.get()
        assert (report.state, report.answered_by) == ("upheld", boss)
        (told,) = posted(lambda: moderation.tell_reporter(report_id=report.pk))
        assert (told.to, told.subject) == (["stranger@example.org"], "What you reported was acted upon")


class TestAChannel:
    def test_is_gone_and_cut_and_its_owner_is_told(
        self, desk: Client, channel: Channel, visitor, posted
    ) -> None:
        broadcast = factories.live(channel)
        reason = "Somebody else's film"
        (letter,) = posted(lambda: do(desk, CHANNELS, "suspend", channel, reason=reason))
        assert letter.subject == "Your channel Night drive is suspended"
        broadcast.refresh_from_db()
        channel.refresh_from_db()
        assert (broadcast.status, channel.is_live) == ("ARCHIVED", False)
        for named in (channel.slug, channel.pk):
            refused = visitor.get(f"/api/channels/{named}")
            assert (refused.status_code, refused.json()["code"]) == (404, "CHANNEL_SUSPENDED")
            assert reason not in refused.json()["message"]
        # What its node, which reports once a second, is told to cut.
        sent = streams.Publishing(broadcast.pk, "session-1", True)
        assert streams.report([sent], node="elsewhere").end == [broadcast.pk]
        assert visitor.get("/api/streams?status=live").json()["total"] == 0
        with pytest.raises(NotAllowed):
            streams.open_broadcast(actor=channel.owner, channel=channel, title="Again")
        with pytest.raises(Refused) as refusal:
            factories.publishing(channel)
        assert refusal.value.code == "CHANNEL_SUSPENDED"
        dashboard = browser_of(channel.owner).get(f"/dashboard/{channel.slug}").content.decode()
        assert "Somebody else&#x27;s film" in dashboard
        (letter,) = posted(lambda: do(desk, CHANNELS, "reinstate", channel, reason="It was theirs"))
        assert letter.subject == "Your channel Night drive is back"
        assert visitor.get(f"/api/channels/{channel.slug}").status_code == 200
        assert "is not suspended" in do(desk, CHANNELS, "reinstate", channel, reason="Again")

    def test_the_report_that_led_to_it_is_upheld(self, boss, channel, stranger) -> None:
        moderation.report(actor=stranger, kind="channel", subject_id=channel.pk, reason="hate")
        suspend_channel(actor=boss, channel=channel, reason="Hate")
        report = Report.objects.get()
        assert report.state == "upheld"
        assert {entry.channel_id for entry in AuditEntry.objects.filter(action="report.answer")} == {None}

    def test_nobody_may_who_is_not_staff_with_the_permission(
        self, channel, stranger, staff_with, visitor
    ) -> None:
        wrong = staff_with("accounts.suspend_user", "live_channels.change_channel")
        not_staff = factories.person()
        not_staff.user_permissions.set(staff_with("live_channels.suspend_channel").user_permissions.all())
        for actor in (channel.owner, stranger, wrong, not_staff):
            with pytest.raises(NotAllowed):
                suspend_channel(actor=actor, channel=channel, reason="Mine")
        with pytest.raises(SignInNeeded):
            suspend_channel(actor=AnonymousUser(), channel=channel, reason="Mine")
        assert Channel.objects.standing().exists()
