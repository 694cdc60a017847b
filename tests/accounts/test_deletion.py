"""Leaving for good: closed at once, kept on return, deleted in the end with all that was theirs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import services
from apps.accounts.models import Block, User
from apps.channels.models import Channel
from apps.channels.services import follow_channel
from apps.chat import services as chat
from apps.chat.models import Message
from apps.core.errors import Conflict, DomainError
from apps.core.models import AuditEntry
from apps.moderation import services as moderation
from apps.moderation.models import Report
from tests import factories

pytestmark = pytest.mark.django_db
LOGIN = {"login": "leaver", "password": factories.PASSWORD}


@pytest.fixture
def leaver(db: None) -> User:
    return factories.person("leaver", display_name="Lee Aver", bio="Here for now")


@pytest.fixture
def browser(leaver: User) -> Client:
    """Signed in a moment ago."""
    client = Client()
    client.post("/auth/login", LOGIN)
    return client


def close(browser: Client, confirmation: str = "leaver") -> object:
    return browser.post("/settings/data/close", {"confirmation": confirmation}, follow=True)


def fall_due() -> None:
    User.objects.exclude(deletion_at=None).update(deletion_at=timezone.now() - timedelta(seconds=1))


def test_the_page_tells_what_goes_and_asks_for_the_name(browser: Client, leaver: User) -> None:
    factories.channel(leaver, "Theirs & mine")
    page = browser.get("/settings/data").content.decode()
    assert "Theirs &amp; mine" in page
    assert "For 14 days" in page
    for wrong in ("", "leave", "streamer"):
        assert close(browser, wrong).status_code == 422
    leaver.refresh_from_db()
    assert leaver.is_active


def test_a_closed_account_is_gone_for_everybody_at_once(
    browser: Client, leaver: User, visitor: APIClient, posted
) -> None:
    channel = factories.channel(leaver, "Mine")
    broadcast = factories.live(channel)
    phone = APIClient()
    phone.credentials(
        HTTP_AUTHORIZATION=f"Bearer {phone.post('/api/auth/login', LOGIN).json()['accessToken']}"
    )
    pages = []
    (letter,) = posted(lambda: pages.append(close(browser).content.decode()))
    assert "Your account is closed" in pages[0]
    assert "Keep my account" in pages[0]
    assert browser.get("/settings").status_code == 302
    assert phone.get("/api/auth/me").status_code == 401
    assert visitor.get("/api/users/leaver").status_code == 404
    assert Client().get("/u/leaver").status_code == 404
    assert visitor.get(f"/api/channels/{channel.slug}").status_code == 404
    broadcast.refresh_from_db()
    assert broadcast.status == "ARCHIVED"
    leaver.refresh_from_db()
    assert timedelta(days=13) < leaver.deletion_at - timezone.now() <= timedelta(days=14)
    assert (letter.to, letter.subject) == (["leaver@example.org"], "Your account is closed")
    assert f"{leaver.deletion_at:%-d %B %Y}" in letter.body
    refused = phone.post("/api/auth/login", LOGIN)
    assert (refused.status_code, refused.json()["code"]) == (403, "ACCOUNT_CLOSING")


def test_who_signs_in_before_the_end_keeps_everything(browser: Client, leaver: User, posted) -> None:
    channel = factories.channel(leaver, "Mine")
    close(browser)
    other = Client()
    page = other.post("/auth/login", LOGIN, follow=True).content.decode()
    address = re.search(r'action="(/auth/keep/[^"]+)"', page)[1]
    pages = []
    (letter,) = posted(lambda: pages.append(other.post(address, follow=True).content.decode()))
    assert "Your account stays." in pages[0]
    assert letter.subject == "Your account stays"
    assert other.post("/auth/login", LOGIN).status_code == 302
    assert other.get("/settings").status_code == 200
    assert channel in Channel.objects.standing()
    fall_due()
    assert services.erase_due() == 0
    # The address was for that closing, not for the next one.
    assert other.post(address).status_code == 409
    other.post("/settings/data/close", {"confirmation": "leaver"})
    assert other.get(address).status_code == 409


def test_the_letters_address_keeps_it_by_a_button_not_by_being_opened(
    browser: Client, leaver: User, posted
) -> None:
    (letter,) = posted(lambda: close(browser))
    address = re.search(r"https?://[^/]+(/auth/keep/\S+)", letter.body)[1]
    reader = Client()
    assert "Keep my account" in reader.get(address).content.decode()
    leaver.refresh_from_db()
    assert not leaver.is_active
    reader.post(address)
    leaver.refresh_from_db()
    assert (leaver.is_active, leaver.deletion_at) == (True, None)
    assert reader.get("/auth/keep/nonsense").status_code == 409


def test_an_app_closes_and_keeps_it_too(leaver: User) -> None:
    phone = APIClient()
    tokens = phone.post("/api/auth/login", LOGIN).json()
    phone.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['accessToken']}")
    wrong = phone.delete("/api/users/me", {"confirmation": "me"}, format="json")
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["confirmation"])
    other = factories.person()
    strange = phone.delete(f"/api/users/{other.pk}", {"confirmation": other.username}, format="json")
    assert strange.status_code == 403
    answer = phone.delete("/api/users/me", {"confirmation": "@Leaver"}, format="json")
    assert answer.status_code == 202
    assert "deletionAt" in answer.json()
    assert phone.delete("/api/users/me", {"confirmation": "leaver"}, format="json").status_code == 401
    phone.credentials()
    kept = phone.post("/api/auth/login", LOGIN | {"keepAccount": True}, format="json")
    assert kept.status_code == 200, kept.json()
    leaver.refresh_from_db()
    assert leaver.is_active
    wrong = phone.post("/api/auth/login", {**LOGIN, "password": "no", "keepAccount": True}, format="json")
    assert wrong.status_code == 401


def test_who_is_suspended_as_well_stays_out(leaver: User) -> None:
    boss = factories.person(is_staff=True, is_superuser=True)
    services.close_account(actor=leaver, confirmation="leaver")
    services.suspend_person(actor=boss, person=leaver, reason="Spam")
    services.keep_account(person=leaver)
    leaver.refresh_from_db()
    assert not leaver.is_active
    services.reinstate_person(actor=boss, person=leaver, reason="Served")
    leaver.refresh_from_db()
    assert leaver.is_active
    with pytest.raises(Conflict):
        services.keep_account(person=leaver)


def test_in_the_end_nothing_of_theirs_is_left(
    leaver: User, channel: Channel, stranger: User, posted, picture, django_capture_on_commit_callbacks
) -> None:
    mine = factories.channel(leaver, "Mine")
    with django_capture_on_commit_callbacks(execute=True):
        services.edit_profile(actor=leaver, avatar=picture())
    leaver.refresh_from_db()
    storage, file = leaver.avatar.storage, leaver.avatar.name
    assert storage.exists(file)
    follow_channel(actor=leaver, channel=channel)
    follow_channel(actor=stranger, channel=mine)
    services.follow_person(actor=leaver, person=stranger)
    services.follow_person(actor=stranger, person=leaver)
    services.block_person(actor=stranger, person=channel.owner)
    said = chat.send_message(actor=leaver, channel=channel, content="I was here", nonce="n")
    answer = chat.send_message(actor=channel.owner, channel=channel, content="So?", nonce="m")
    moderation.report(actor=leaver, kind="message", subject_id=answer.pk, reason="spam")
    moderation.report(actor=stranger, kind="message", subject_id=said.pk, reason="spam")
    assert "Lee Aver" in str(Report.objects.values_list("context", flat=True))

    services.close_account(actor=leaver, confirmation="leaver")
    assert services.erase_due() == 0
    fall_due()
    (letter,) = posted(services.erase_due)
    assert (letter.to, letter.subject) == (["leaver@example.org"], "Your account is deleted")

    assert not User.objects.filter(pk=leaver.pk).exists()
    assert not Channel.objects.filter(pk=mine.pk).exists()
    assert not storage.exists(file)
    said.refresh_from_db()
    assert (said.content, said.user) == ("I was here", None)
    history = APIClient().get(f"/api/channels/{channel.slug}/messages").json()["data"]
    assert history[0]["user"]["displayName"] == "Deleted account"
    channel.refresh_from_db()
    stranger.refresh_from_db()
    assert (channel.follower_count, stranger.follower_count, stranger.following_count) == (0, 0, 0)
    assert Block.objects.count() == 1
    reports = Report.objects.order_by("id")
    assert [report.reporter for report in reports] == [None, stranger]
    assert "Lee Aver" not in str([report.context for report in reports])
    log = str(list(AuditEntry.objects.values_list("details", flat=True)))
    for trace in ("leaver", "Lee Aver", "Mine"):
        assert trace not in log
    assert AuditEntry.objects.filter(action="account.deleted", subject_id=str(leaver.pk)).exists()


def test_the_name_stays_reserved_for_a_year_and_the_address_is_free(leaver: User, time_machine) -> None:
    services.close_account(actor=leaver, confirmation="leaver")
    fall_due()
    services.erase_due()
    new = {"username": "Leaver", "email": "leaver@example.org", "password": "correct horse battery"}
    taken = APIClient().post("/api/auth/register", new)
    assert (taken.status_code, list(taken.json()["fields"])) == (400, ["username"])
    assert APIClient().post("/api/auth/register", new | {"username": "leaver2"}).status_code == 201
    time_machine.move_to(timezone.now() + timedelta(days=366))
    services.erase_due()
    assert APIClient().post("/api/auth/register", new | {"email": "n@example.org"}).status_code == 201


def test_what_was_killed_half_way_is_finished_by_the_next_round(leaver: User, channel: Channel) -> None:
    for at in range(3):
        factories.channel(leaver, f"Mine {at}")
        chat.send_message(actor=leaver, channel=channel, content="hi", nonce=str(at))
    services.close_account(actor=leaver, confirmation="leaver")
    fall_due()
    Channel.objects.filter(name="Mine 1").update(is_live=True)  # what refuses to go, for a moment
    assert services.erase_due() == 0
    assert User.objects.filter(pk=leaver.pk).exists()
    Channel.objects.filter(name="Mine 1").update(is_live=False)
    assert services.erase_due() == 1
    assert services.erase_due() == 0
    assert Message.objects.filter(user=None).count() == 3
    assert Channel.objects.count() == 1


def test_it_is_too_late_once_the_deleting_may_have_begun(leaver: User) -> None:
    services.close_account(actor=leaver, confirmation="leaver")
    leaver.refresh_from_db()
    token = services.keep_token(leaver)
    fall_due()
    for keep in (
        lambda: services.keep_account(person=leaver), lambda: services.person_of_keep_token(token)
    ):  # fmt: skip
        with pytest.raises(DomainError) as refusal:
            keep()
        assert refusal.value.code == "NOTHING_TO_KEEP"
