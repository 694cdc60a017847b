"""The person's side of moderation: what stands against them, asking once, warnings, reports."""

from __future__ import annotations

import html
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.moderation import services
from apps.moderation.models import Report, Sanction, UnbanRequest
from tests import factories
from tests.pages.conftest import browser_of

WATCH, STANDING, REPORT = "/streams/night-shift", "/c/night-shift/standing", "/c/night-shift/report"


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture
def browser(viewer: User) -> Client:
    return browser_of(viewer)


def test_a_banned_person_reads_why_and_asks_once(
    channel: Channel, streamer: User, viewer: User, browser: Client
) -> None:
    services.ban(actor=streamer, channel=channel, user=viewer, reason="Rude <words>")
    page = text_of(browser.get(WATCH))
    assert "You are banned from this chat." in page
    assert "Rude <words>" in page
    assert f'href="{STANDING}"' in page
    assert "Ask to be unbanned" in text_of(browser.get(STANDING))
    asked = text_of(browser.post(STANDING, {"text": "I am sorry\nreally"}, follow=True))
    assert "Your request is with the moderators." in asked
    assert "Waiting for an answer" in asked
    assert "Ask to be unbanned" not in asked
    again = browser.post(STANDING, {"text": "Please"})
    assert again.status_code == 422
    assert UnbanRequest.objects.count() == 1

    services.answer_unban_request(
        actor=streamer, request=UnbanRequest.objects.get(), answer="denied", public_note="Not yet",
        private_note="Troll",
    )  # fmt: skip
    page = text_of(browser.get(STANDING))
    assert "Denied" in page
    assert "Not yet" in page
    assert "Troll" not in page
    assert "Ask to be unbanned" not in page

    services.lift_sanction(actor=streamer, channel=channel, user=viewer)
    assert "banned" not in text_of(browser.get(WATCH)).split("<aside")[0]
    assert "Nothing stands against you here" in text_of(browser.get(STANDING))
    services.ban(actor=streamer, channel=channel, user=viewer)
    assert "Ask to be unbanned" in text_of(browser.get(STANDING))


def test_a_timed_out_person_reads_until_when(
    channel: Channel, streamer: User, viewer: User, browser: Client
) -> None:
    put = services.time_out(actor=streamer, channel=channel, user=viewer, seconds=600, reason="Cool down")
    assert put.expires_at is not None
    for path in (WATCH, STANDING):
        page = text_of(browser.get(path))
        assert put.expires_at.isoformat(timespec="milliseconds") in page
        assert "Cool down" in page
    assert "Ask to be unbanned" not in text_of(browser.get(STANDING))
    refused = browser.post(STANDING, {"text": "Please"})
    assert refused.status_code == 422
    assert not UnbanRequest.objects.exists()


@pytest.mark.parametrize("page", [WATCH, STANDING])
def test_a_warning_is_read_and_acknowledged(
    channel: Channel, streamer: User, viewer: User, browser: Client, page: str
) -> None:
    warning = services.warn(actor=streamer, channel=channel, user=viewer, reason="No spoilers")
    address = f"/c/night-shift/warnings/{warning.pk}/acknowledge"
    shown = text_of(browser.get(page))
    assert "No spoilers" in shown
    assert address in shown
    after = text_of(browser.post(address, {"next": page}, follow=True))
    assert "Thank you. You can write again." in after
    assert "No spoilers" not in after
    warning.refresh_from_db()
    assert warning.acknowledged_at is not None


def test_nobody_acknowledges_for_another(
    channel: Channel, streamer: User, viewer: User, stranger: Client
) -> None:
    warning = services.warn(actor=streamer, channel=channel, user=viewer, reason="No spoilers")
    assert stranger.post(f"/c/night-shift/warnings/{warning.pk}/acknowledge").status_code == 404
    assert Sanction.objects.waiting().exists()


def test_who_did_nothing_sees_nothing(channel: Channel, visitor: Client, browser: Client) -> None:
    for one in (visitor, browser):
        assert 'id="standing" hidden' in one.get(WATCH).content.decode()
    assert "/auth/login" in visitor.get(STANDING).url
    assert "Nothing stands against you here" in text_of(browser.get(STANDING))
    refused = browser.post(STANDING, {"text": "Please"})
    assert refused.status_code == 422
    assert "You are not banned here." in text_of(refused)


@pytest.mark.parametrize("text", ["", " ", "x" * 501])
def test_a_request_says_something(
    channel: Channel, streamer: User, viewer: User, browser: Client, text: str
) -> None:
    services.ban(actor=streamer, channel=channel, user=viewer)
    refused = browser.post(STANDING, {"text": text})
    assert refused.status_code == 422
    assert text.strip() in text_of(refused)
    assert not UnbanRequest.objects.exists()


def test_channel_and_person_are_reported_from_pages(channel: Channel, viewer: User, browser: Client) -> None:
    assert f'href="{REPORT}"' in browser.get("/c/night-shift/about").content.decode()
    other = factories.person("other")
    for path, thanks, kind, subject in (
        (REPORT, "Our staff will look at it.", "channel", channel.pk),
        (f"{REPORT}/person/{other.pk}", "A moderator will look at it.", "person", other.pk),
    ):
        assert browser.get(path).status_code == 200
        sent = browser.post(path, {"reason": "spam", "words": "Look"}, follow=True)
        assert thanks in text_of(sent)
        made = Report.objects.get(kind=kind)
        assert (made.subject_id, made.reason, made.words, made.reporter) == (subject, "spam", "Look", viewer)
    assert "Report other" in text_of(browser.get(f"{REPORT}/person/{other.pk}"))


def test_a_report_that_makes_no_sense_is_refused(
    channel: Channel, streamer: User, viewer: User, browser: Client, visitor: Client, owner: Client
) -> None:
    assert "/auth/login" in visitor.get(REPORT).url
    assert browser.get(f"{REPORT}/person/{uuid.uuid4()}").status_code == 404
    for sender, path, posted, words in (
        (browser, REPORT, {}, "Choose a reason."),
        (browser, REPORT, {"reason": "because"}, "Choose one of the reasons."),
        (browser, REPORT, {"reason": "spam", "words": "x" * 501}, "at most 500 characters"),
        (browser, f"{REPORT}/person/{viewer.pk}", {"reason": "spam"}, "You can't report yourself."),
        (owner, REPORT, {"reason": "spam"}, "You can't report yourself."),
    ):
        refused = sender.post(path, posted)
        assert refused.status_code == 422
        assert words in text_of(refused)
    assert not Report.objects.exists()


def test_a_time_out_that_is_over_is_not_told(
    channel: Channel, streamer: User, viewer: User, browser: Client
) -> None:
    services.time_out(actor=streamer, channel=channel, user=viewer, seconds=600)
    Sanction.objects.update(expires_at=timezone.now())
    assert 'id="standing" hidden' in browser.get(WATCH).content.decode()
