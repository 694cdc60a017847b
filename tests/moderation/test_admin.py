"""Staff's side: a report about a channel reaches them, with what it was then, and is settled there."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.core.models import AuditEntry
from apps.moderation import services
from apps.moderation.models import Report
from tests import factories

LIST = "/admin/moderation/report/"


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def staff(db: None) -> User:
    person = factories.person("boss", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_report"))
    return person


@pytest.fixture
def report(channel: Channel, stranger: User) -> Report:
    """As the form on the channel's page makes it."""
    answer = browser_of(stranger).post(
        f"/c/{channel.slug}/report", {"reason": "hate", "words": "Look at the <b>name</b>"}
    )
    assert answer.status_code == 302
    return Report.objects.get()


def settle(client: Client, action: str, *reports: Report, words: str = "") -> str:
    ids = [str(report.pk) for report in reports]
    answer = client.post(LIST, {"action": action, "_selected_action": ids, "words": words}, follow=True)
    return answer.content.decode()


def test_staff_see_the_report_and_what_the_channel_was_then(
    report: Report, channel: Channel, staff: User
) -> None:
    was, desk = channel.name, browser_of(staff)
    Channel.objects.update(name="Harmless now")
    shown = desk.get(f"{LIST}?state__exact=open").content.decode()
    assert "Look at the &lt;b&gt;name&lt;/b&gt;" in shown
    assert was in desk.get(f"{LIST}{report.pk}/change/").content.decode()


@pytest.mark.parametrize("action", ["uphold", "dismiss"])
def test_staff_settle_it_once_and_the_log_knows(report: Report, staff: User, action: str) -> None:
    desk = browser_of(staff)
    settle(desk, action, report, words="Talked to them")
    assert "This report has been answered." in settle(desk, "uphold", report)
    report.refresh_from_db()
    answer = {"uphold": "upheld", "dismiss": "dismissed"}[action]
    assert (report.state, report.answer, report.answered_by) == (answer, "Talked to them", staff)
    entry = AuditEntry.objects.get(action="report.answer")
    # Staff's decision about a channel is not for its own log.
    assert (entry.actor_id, entry.subject_id, entry.channel_id) == (staff.pk, str(report.pk), None)


@pytest.mark.django_db(transaction=True)
def test_staff_who_settle_it_at_once_leave_one_answer(report: Report) -> None:
    answers = ["uphold", "dismiss", "uphold"]
    desks = [browser_of(factories.person(is_staff=True, is_superuser=True)) for _ in answers]

    def click(desk: Client, action: str) -> str:
        try:
            return settle(desk, action, report, words=action)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(answers)) as threads:
        with transaction.atomic():
            Report.objects.select_for_update().get(pk=report.pk)  # all of them come to it before one goes on
            clicks = [threads.submit(click, *each) for each in zip(desks, answers, strict=True)]
            wait_until_all_wait(len(answers))
        pages = [each.result(30) for each in clicks]

    report.refresh_from_db()
    assert sum("This report has been answered." in page for page in pages) == len(answers) - 1
    (settled,) = [at for at, page in enumerate(pages) if f"{report.get_state_display()}: 1." in page]
    assert report.answer == answers[settled]
    assert report.answered_by is not None
    entry = AuditEntry.objects.get(action="report.answer")
    assert (entry.actor_id, entry.details["answer"]) == (report.answered_by.pk, report.state)


def wait_until_all_wait(many: int) -> None:
    """Until so many transactions wait for a lock; on SQLite a writer waits before it has read anything."""
    if connection.vendor != "postgresql":
        return
    waiting, until = 0, time.monotonic() + 20
    while waiting < many and time.monotonic() < until:
        time.sleep(0.02)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            (waiting,) = cursor.fetchone()
    assert waiting == many


def test_a_report_about_a_person_stays_with_the_moderators(
    report: Report, channel: Channel, viewer: User, stranger: User, staff: User
) -> None:
    of_person = services.report(
        actor=stranger, kind="person", subject_id=viewer.pk, reason="spam", channel=channel
    )
    shown = settle(browser_of(staff), "dismiss", of_person, report)
    assert "Dismissed: 1." in shown
    of_person.refresh_from_db()
    report.refresh_from_db()
    assert (of_person.state, report.state) == ("open", "dismissed")


def test_nobody_else_sees_or_settles_it(report: Report, channel: Channel, stranger: User) -> None:
    for person in (stranger, channel.owner, factories.person("temp", is_staff=True)):
        client = browser_of(person)
        assert client.get(LIST).status_code in (302, 403)
        client.post(LIST, {"action": "dismiss", "_selected_action": [str(report.pk)]})
    report.refresh_from_db()
    assert report.state == "open"
