"""The moderators' desk, as browsers without a script use it."""

from __future__ import annotations

import datetime
import html
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.core.models import AuditEntry
from apps.moderation import services
from apps.moderation.logbook import DEEDS
from apps.moderation.models import PersonNote, Report, Sanction, UnbanRequest
from apps.moderation.undo import INVERSES
from tests import factories
from tests.pages.conftest import browser_of

DESK = "/dashboard/night-shift/moderation"


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def report_on(channel: Channel, viewer: User, **more: Any) -> Report:
    asked = {"kind": "person", "subject_id": viewer.pk, "reason": "spam", "words": "Look at <b>this</b>"}
    return services.report(actor=factories.person(), channel=channel, **asked | more)


def plea_of(channel: Channel, moderator: User, viewer: User) -> UnbanRequest:
    services.ban(actor=moderator, channel=channel, user=viewer, reason="Rude")
    return services.request_unban(actor=viewer, channel=channel, text="I am sorry")


def test_only_who_moderates_comes_in(
    channel: Channel, visitor: Client, stranger: Client, owner: Client
) -> None:
    editor = factories.person("editor")
    ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    for end in ("", "/people", "/banned", "/log"):
        assert "/auth/login" in visitor.get(DESK + end).url
        assert stranger.get(DESK + end).status_code == 403
        assert browser_of(editor).get(DESK + end).status_code == 403
        assert owner.get(DESK + end).status_code == 200


def test_each_of_the_crew_finds_the_pages_that_open_for_them(
    channel: Channel, owner: Client, desk: Client
) -> None:
    editor = factories.person("editor")
    ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    ends = ("/moderation", "/chat", "/settings", "/team")
    for browser, path, shown in (
        (owner, "/dashboard/night-shift", set(ends)),
        (browser_of(editor), "/dashboard/night-shift", {"/chat", "/settings", "/team"}),
        (desk, DESK, {"/moderation", "/chat"}),
    ):
        # The chat's own menu follows the powers live.
        page = browser.get(path).content.decode().split("<aside")[0]
        assert {end for end in ends if f'href="/dashboard/night-shift{end}"' in page} == shown
    assert 'href="/dashboard/night-shift"' not in desk.get(DESK).content.decode()
    for path in ("/dashboard", "/streams/night-shift"):
        assert f'href="{DESK}"' in desk.get(path).content.decode()


def test_a_report_is_read_with_its_context_and_answered(channel: Channel, desk: Client, viewer: User) -> None:
    report = report_on(channel, viewer)
    author = {"username": "viewer", "displayName": "Vera"}
    line = {"createdAt": "2026-01-01T20:15:00.000Z", "content": "Buy <i>now</i>", "user": author}
    context = [line, line | {"isSubject": True}]
    Report.objects.filter(pk=report.pk).update(context=context)
    page = desk.get(DESK).content.decode()
    assert "Spam or fraud" in page
    assert "Look at &lt;b&gt;this" in page
    assert "Buy &lt;i&gt;now" in page
    assert "data-meant" in page
    assert '<span class="desk-count">1</span>' in page
    answer = f"{DESK}/reports/{report.pk}/answer"
    assert answer in page
    done = text_of(desk.post(answer, {"answer": "upheld", "words": "Seen"}, follow=True))
    assert "The report is answered." in done
    assert "Nothing waits for you" in done
    report.refresh_from_db()
    assert (report.state, report.answer) == ("upheld", "Seen")
    assert "Decision: Seen" in text_of(desk.get(f"{DESK}/people/{viewer.pk}"))
    assert "This report has been answered." in text_of(desk.post(answer, {"answer": "upheld"}, follow=True))


@pytest.mark.parametrize("posted", [{}, {"answer": "open"}, {"answer": "x" * 9000}])
def test_an_answer_that_is_none_is_refused_in_words(
    channel: Channel, desk: Client, viewer: User, posted: dict[str, str]
) -> None:
    report = report_on(channel, viewer)
    page = text_of(desk.post(f"{DESK}/reports/{report.pk}/answer", posted, follow=True))
    assert "answer must be one of upheld, dismissed." in page
    report.refresh_from_db()
    assert report.state == Report.State.OPEN


def test_reports_of_another_channel_and_about_channels_are_not_here(
    channel: Channel, desk: Client, viewer: User, stranger: Client
) -> None:
    elsewhere = report_on(factories.channel(), viewer)
    about_us = services.report(actor=viewer, kind="channel", subject_id=channel.pk, reason="hate")
    assert "Nothing waits for you" in text_of(desk.get(DESK))
    for report in (elsewhere, about_us):
        assert desk.post(f"{DESK}/reports/{report.pk}/answer", {"answer": "upheld"}).status_code == 404
        report.refresh_from_db()
        assert report.state == Report.State.OPEN


@pytest.mark.parametrize(
    ("answer", "said", "is_in"), [("granted", "is back in", True), ("denied", "stays banned", False)]
)
def test_a_plea_is_answered_with_both_notes(
    channel: Channel, desk: Client, moderator: User, viewer: User, answer: str, said: str, is_in: bool
) -> None:
    plea = plea_of(channel, moderator, viewer)
    page = text_of(desk.get(DESK))
    assert "I am sorry" in page
    assert "Rude" in page
    posted = {"answer": answer, "public_note": "For Vera", "private_note": "For us"}
    page = text_of(desk.post(f"{DESK}/unban-requests/{plea.pk}/answer", posted, follow=True))
    assert f"Vera {said}." in page
    plea.refresh_from_db()
    assert (plea.state, plea.public_note, plea.private_note) == (answer, "For Vera", "For us")
    assert Sanction.objects.standing(timezone.now()).exists() is not is_in
    card = text_of(desk.get(f"{DESK}/people/{viewer.pk}"))
    for words in ("I am sorry", "Answer: For Vera", "For moderators: For us"):
        assert words in card


def test_a_plea_against_a_ban_that_is_gone_waits_for_nobody(
    channel: Channel, desk: Client, moderator: User, viewer: User
) -> None:
    plea_of(channel, moderator, viewer)
    services.time_out(actor=moderator, channel=channel, user=viewer, seconds=60)
    page = text_of(desk.get(DESK))
    assert "Nothing waits for you" in page
    assert "desk-count" not in page.split("<main")[1]


def test_people_are_found_by_the_beginning_of_their_name(
    channel: Channel, desk: Client, moderator: User, viewer: User
) -> None:
    factories.person("vincent")
    assert "Nobody has been moderated here yet" in text_of(desk.get(f"{DESK}/people"))
    for typed, found in (
        ("V", {"viewer", "vincent"}),
        ("@vin", {"vincent"}),
        ("vera", {"viewer"}),
        ("era", set()),
    ):
        page = text_of(desk.get(f"{DESK}/people", {"q": typed}))
        names = set(re.findall(r"<small>@(\w+)", page.split('id="desk-panel"')[1].split("<aside")[0]))
        assert names == found, typed
    services.ban(actor=moderator, channel=channel, user=viewer)
    page = text_of(desk.get(f"{DESK}/people"))
    assert "Moderated last" in page
    assert "Banned" in page


def test_a_card_tells_and_does_everything(channel: Channel, desk: Client, viewer: User) -> None:
    card = f"{DESK}/people/{viewer.pk}"
    assert "0 warnings, 0 time-outs, 0 bans" in text_of(desk.get(card))
    deeds = (
        ("warn", "Vera is warned."),
        ("600", "Vera is timed out for 10 minutes."),
        ("ban", "Vera is banned."),
    )
    for deed, said in deeds:
        page = text_of(desk.post(f"{card}/sanction", {"deed": deed, "reason": "Because"}, follow=True))
        assert said in page
    assert "1 warning, 1 time-out, 1 ban" in page
    assert "Because" in page
    assert "Vera is back in." in text_of(desk.post(f"{card}/lift", follow=True))
    page = text_of(desk.post(f"{card}/notes", {"text": "Knows the rules\nnow"}, follow=True))
    assert "Knows the rules<br>now" in page
    note = PersonNote.objects.get()
    assert "The note is deleted." in text_of(desk.post(f"{DESK}/notes/{note.pk}/delete", follow=True))
    assert not PersonNote.objects.kept().exists()


@pytest.mark.parametrize(
    ("end", "posted", "words"),
    [
        ("sanction", {"deed": "warn", "reason": ""}, "This can't be empty."),
        ("sanction", {"deed": "ban", "reason": "x" * 301}, "at most 300 characters"),
        ("sanction", {"reason": "x"}, "Choose what to do."),
        ("sanction", {"deed": "99", "reason": "x"}, "Choose one of the buttons."),
        ("notes", {"text": " "}, "This can't be empty."),
        ("notes", {"text": "x" * 501}, "at most 500 characters"),
    ],
)
def test_what_is_refused_on_a_card_stays_to_be_mended(
    channel: Channel, desk: Client, viewer: User, end: str, posted: dict[str, str], words: str
) -> None:
    refused = desk.post(f"{DESK}/people/{viewer.pk}/{end}", posted)
    assert refused.status_code == 422
    page = text_of(refused)
    assert words in page
    typed = posted.get("text") or posted.get("reason") or ""
    assert typed.strip() in page
    assert not Sanction.objects.exists()
    assert not PersonNote.objects.exists()


def test_nobody_is_offered_what_they_can_not_do(
    channel: Channel, desk: Client, streamer: User, moderator: User
) -> None:
    colleague = factories.person("colleague")
    ChannelRole.objects.create(channel=channel, user=colleague, role=Role.MODERATOR)
    for person in (streamer, moderator, colleague):
        card = f"{DESK}/people/{person.pk}"
        page = text_of(desk.get(card))
        assert f"{card}/sanction" not in page
        assert f"{card}/notes" not in page
        assert desk.post(f"{card}/sanction", {"deed": "ban"}).status_code == 422
    assert not Sanction.objects.exists()


def test_who_is_kept_out_is_listed_and_let_back_in(
    channel: Channel, desk: Client, moderator: User, viewer: User
) -> None:
    assert "Nobody is kept out" in text_of(desk.get(f"{DESK}/banned"))
    other = factories.person("other")
    services.ban(actor=moderator, channel=channel, user=viewer, reason="Rude")
    services.time_out(actor=moderator, channel=channel, user=other, seconds=600)
    page = text_of(desk.get(f"{DESK}/banned"))
    assert "2 people banned or timed out." in page
    assert "by moderator: Rude" in page
    lift = f"{DESK}/people/{viewer.pk}/lift"
    page = text_of(desk.post(lift, {"next": f"{DESK}/banned"}, follow=True))
    assert "Vera is back in." in page
    assert "1 person banned or timed out." in page


def test_the_log_is_filtered_and_undone_line_by_line(
    channel: Channel, desk: Client, owner: Client, moderator: User, streamer: User, viewer: User
) -> None:
    other = factories.person("other")
    services.ban(actor=moderator, channel=channel, user=viewer, reason="Rude")
    services.warn(actor=streamer, channel=channel, user=other, reason="Calm down")

    def shown(**asked: str) -> tuple[bool, bool]:
        page = text_of(desk.get(f"{DESK}/log", asked)).split('id="desk-panel"')[1]
        return "<small>Rude" in page, "<small>Calm down" in page

    assert shown() == (True, True)
    assert shown(by="moderator") == (True, False)
    assert shown(by="@Streamer") == (False, True)
    assert shown(about="viewer") == (True, False)
    assert shown(action="person.warn") == (False, True)
    assert shown(by="nobody_here") == (False, False)
    assert "There is nobody with this username." in text_of(desk.get(f"{DESK}/log", {"by": "nobody_here"}))

    entry = AuditEntry.objects.get(action="person.ban")
    undo = f"{DESK}/log/{entry.pk}/undo"
    page = text_of(desk.post(undo, follow=True))
    assert "It is undone." in page
    assert "Undone" in page
    assert not Sanction.objects.of(viewer, channel).standing(timezone.now()).exists()
    assert undo not in text_of(desk.get(f"{DESK}/log"))
    assert "This has been undone before." in text_of(desk.post(undo, follow=True))
    assert desk.post(f"{DESK}/log/{factories.channel().pk}/undo").status_code == 404


def test_everything_by_one_person_is_undone_since_a_moment(
    channel: Channel, owner: Client, moderator: User, streamer: User
) -> None:
    outs = [factories.person() for _ in range(3)]
    for person in outs:
        services.ban(actor=moderator, channel=channel, user=person)
    services.ban(actor=streamer, channel=channel, user=(kept := factories.person()))
    since = (timezone.now() - datetime.timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%S")
    posted = {"username": "moderator", "since": since}
    page = text_of(owner.post(f"{DESK}/log/undo", posted, follow=True))
    assert "3 deeds of moderator undone." in page
    standing = Sanction.objects.standing(timezone.now())
    assert [row.user_id for row in standing] == [kept.pk]
    page = text_of(owner.post(f"{DESK}/log/undo", posted, follow=True))
    assert "moderator did nothing since then that can be undone." in page


def test_an_entry_leads_to_undoing_everything_since(
    channel: Channel, desk: Client, moderator: User, viewer: User
) -> None:
    services.ban(actor=moderator, channel=channel, user=viewer)
    entry = AuditEntry.objects.get(action="person.ban")
    link = f"{DESK}/log?from={entry.pk}"
    assert link in text_of(desk.get(f"{DESK}/log"))
    page = text_of(desk.get(link))
    assert 'name="username" value="moderator"' in page
    since = re.search(r'name="since" value="([^"]+)"', page)
    assert since
    done = desk.post(f"{DESK}/log/undo", {"username": "moderator", "since": since[1]}, follow=True)
    assert "1 deed of moderator undone." in text_of(done)
    for nonsense in ("x", str(viewer.pk)):
        assert desk.get(f"{DESK}/log", {"from": nonsense}).status_code == 200


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"username": "", "since": "2026-01-01T10:00"}, "This can't be empty."),
        ({"username": "moderator", "since": "yesterday"}, "Write a date and a time."),
        ({"username": "moderator", "since": "9999-01-01T10:00"}, "Name a moment in the past."),
        ({"username": "moderator", "since": "9999-12-31T23:59:59"}, "Name a moment in the past."),
        ({"username": "nobody_here", "since": "2026-01-01T10:00"}, "There is nobody with this username."),
    ],
)
def test_what_is_typed_wrong_undoes_nothing(
    channel: Channel, desk: Client, moderator: User, viewer: User, posted: dict[str, str], words: str
) -> None:
    User.objects.filter(pk=moderator.pk).update(time_zone="Asia/Tokyo")
    services.ban(actor=moderator, channel=channel, user=viewer)
    refused = desk.post(f"{DESK}/log/undo", posted)
    assert refused.status_code == 422
    assert words in text_of(refused)
    assert Sanction.objects.standing(timezone.now()).exists()


def test_the_pages_take_as_many_queries_whatever_their_length(
    channel: Channel, desk: Client, moderator: User, django_assert_num_queries: Any
) -> None:
    for _ in range(4):
        report_on(channel, factories.person())
        plea_of(channel, moderator, person := factories.person())
        services.time_out(actor=moderator, channel=channel, user=factories.person(), seconds=600)
    services.write_note(actor=moderator, channel=channel, user=person, text="Noted")
    frame = 8  # session, person, channel, role and tabs, the count, the chat's room and last messages
    for end, queries in (("", 3), ("/people", 3), (f"/people/{person.pk}", 12), ("/banned", 2), ("/log", 5)):
        with django_assert_num_queries(frame + queries):
            desk.get(DESK + end)


def test_forms_carry_what_protects_them(
    channel: Channel, desk: Client, moderator: User, viewer: User
) -> None:
    report_on(channel, factories.person())
    plea_of(channel, moderator, viewer)
    for end in ("", "/people", f"/people/{viewer.pk}", "/banned", "/log"):
        page = desk.get(DESK + end).content.decode()
        assert page.count("csrfmiddlewaretoken") == page.count('method="post"') > 0


def test_every_deed_that_can_be_undone_is_told_in_words() -> None:
    assert sorted(set(INVERSES) - set(DEEDS)) == []


def test_the_desk_of_a_channel_that_is_none_is_not_found(channel: Channel, owner: Client) -> None:
    assert owner.get("/dashboard/nothing-here/moderation").status_code == 404
    assert owner.get(f"{DESK}/people/{uuid.uuid4()}").status_code == 404
