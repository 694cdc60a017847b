"""Reports: made once, seen by who may answer, answered once."""

import threading
import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from pytest import raises

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded, TooMany
from apps.moderation import services
from apps.moderation.models import Report
from apps.moderation.services import reports
from tests import factories


def report_person(actor, user, channel, **more):
    return services.report(
        actor=actor, kind="person", subject_id=user.pk, channel=channel, **({"reason": "spam"} | more)
    )


def test_the_same_report_while_open_is_one(channel, moderator, viewer, stranger):
    first = report_person(stranger, viewer, channel, words="Look")
    assert report_person(stranger, viewer, channel, reason="hate") == first
    services.answer_report(actor=moderator, report=first, answer="dismissed")
    assert report_person(stranger, viewer, channel) != first


def test_a_person_is_reported_in_each_channel_by_itself(channel, viewer, stranger):
    first = report_person(stranger, viewer, channel)
    other = factories.channel()
    second = report_person(stranger, viewer, other)
    assert (second.channel, second.pk != first.pk) == (other, True)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_report(channel, viewer, stranger):
    start, failures = threading.Barrier(2), []

    def click():
        try:
            start.wait(timeout=10)
            report_person(stranger, viewer, channel)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
    assert Report.objects.count() == 1


def test_what_is_reported_exists_and_is_not_oneself(channel, viewer, stranger):
    with raises(NotFound):
        services.report(
            actor=stranger, kind="person", subject_id=uuid.uuid4(), reason="spam", channel=channel
        )
    with raises(NotFound):
        services.report(actor=stranger, kind="channel", subject_id=uuid.uuid4(), reason="spam")
    with raises(Invalid):
        report_person(stranger, stranger, channel)
    with raises(SignInNeeded):
        report_person(AnonymousUser(), viewer, channel)


@pytest.mark.parametrize(
    ("more", "field"),
    [({"reason": "because"}, "reason"), ({"words": "x" * 501}, "words"), ({"channel": None}, "channel_id")],
)
def test_bad_input_is_refused_by_field(channel, viewer, stranger, more, field):
    given = {"kind": "person", "subject_id": viewer.pk, "reason": "spam", "channel": channel} | more
    with raises(Invalid) as refusal:
        services.report(actor=stranger, **given)
    assert list(refusal.value.fields) == [field]
    with raises(Invalid) as refusal:
        services.report(actor=stranger, **(given | {"kind": "planet"}))
    assert list(refusal.value.fields) == ["kind"]
    assert not Report.objects.exists()


def test_an_app_above_teaches_what_a_report_is_about(channel, viewer, stranger, monkeypatch):
    monkeypatch.setattr(reports, "_PROVIDERS", dict(reports._PROVIDERS))
    lines = [{"user": "viewer", "content": "something rude"}]
    seen = uuid.uuid4()

    def find(actor, subject_id, named):
        return services.Subject(channel, viewer, lines) if subject_id == seen else None

    services.teach_context("message", find)
    made = services.report(actor=stranger, kind="message", subject_id=seen, reason="hate")
    assert (made.channel, made.subject_user, made.context) == (channel, viewer, lines)
    with raises(NotFound):
        services.report(actor=stranger, kind="message", subject_id=uuid.uuid4(), reason="hate")


def test_an_answer_is_given_once_and_not_by_the_reported(channel, streamer, moderator, editor, stranger):
    made = report_person(stranger, moderator, channel)
    for actor in (editor, stranger, moderator):
        with raises(NotAllowed):
            services.answer_report(actor=actor, report=made, answer="upheld")
    with raises(Invalid):
        services.answer_report(actor=streamer, report=made, answer="open")
    services.answer_report(actor=streamer, report=made, answer="upheld", words="True")
    with raises(Conflict):
        services.answer_report(actor=streamer, report=made, answer="dismissed")


def test_a_report_on_a_channel_is_for_staff(channel, streamer, moderator, stranger):
    made = services.report(actor=stranger, kind="channel", subject_id=channel.pk, reason="hate")
    assert not Report.objects.for_moderators().exists()
    for actor in (streamer, moderator, AnonymousUser()):
        with raises(NotAllowed):
            services.answer_report(actor=actor, report=made, answer="dismissed")
    staff = factories.person("boss", is_staff=True)
    assert services.answer_report(actor=staff, report=made, answer="upheld").state == "upheld"


def test_reports_are_limited(channel, stranger, monkeypatch):
    monkeypatch.setattr(reports, "LIMIT", reports.Limit("few-reports", "2/600"))
    for _ in range(2):
        report_person(stranger, factories.person(), channel)
    with raises(TooMany) as refusal:
        report_person(stranger, factories.person(), channel)
    assert refusal.value.retry_after > 0
