"""Time-outs, bans, warnings and the plea against a ban."""

import datetime
import threading

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest import raises

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded
from apps.core.events import on
from apps.core.models import AuditEntry
from apps.moderation import facts, selectors, services
from apps.moderation.models import Sanction, UnbanRequest
from tests import factories


def standing(user, channel):
    return selectors.standing_of([user.pk], channel).get(user.pk)


@pytest.fixture
def told(monkeypatch):
    """Facts as they are published, once this test's listeners hear them."""
    from apps.core import events

    heard = []
    monkeypatch.setattr(events, "_reactions", events.defaultdict(list))
    for kind in (
        facts.PersonSanctioned,
        facts.SanctionLifted,
        facts.WarningGiven,
        facts.WarningAcknowledged,
        facts.UnbanRequested,
        facts.UnbanAnswered,
    ):
        on(kind, heard.append)
    return heard


def test_a_time_out_stands_until_it_runs_out(channel, moderator, viewer):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        services.time_out(actor=moderator, channel=channel, user=viewer, seconds=60, reason="Caps")
        now = standing(viewer, channel)
        assert (now.banned, now.reason) == (False, "Caps")
        assert now.until == timezone.now() + datetime.timedelta(seconds=60)
        clock.shift(60)
        assert standing(viewer, channel) is None
        assert not Sanction.objects.standing(timezone.now()).exists()


def test_a_new_time_out_can_follow_one_that_ran_out(channel, moderator, viewer):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        services.time_out(actor=moderator, channel=channel, user=viewer, seconds=1)
        clock.shift(5)
        services.ban(actor=moderator, channel=channel, user=viewer)
    first, second = Sanction.objects.order_by("id")
    assert first.lifted_at == first.expires_at
    assert AuditEntry.objects.get(action="person.ban").details["replaced_id"] is None
    assert second.lifted_at is None


@pytest.mark.parametrize("seconds", [0, -1, 1_209_601, "60", 1.5, True, None])
def test_a_time_out_lasts_a_second_to_fourteen_days(channel, moderator, viewer, seconds):
    with raises(Invalid) as refusal:
        services.time_out(actor=moderator, channel=channel, user=viewer, seconds=seconds)
    assert list(refusal.value.fields) == ["seconds"]
    assert not Sanction.objects.exists()


@pytest.mark.parametrize("seconds", [1, 1_209_600])
def test_the_shortest_and_the_longest_time_out_are_taken(channel, moderator, viewer, seconds):
    assert services.time_out(actor=moderator, channel=channel, user=viewer, seconds=seconds).expires_at


def test_a_ban_replaces_a_time_out_and_one_sanction_stands(channel, moderator, viewer):
    first = services.time_out(actor=moderator, channel=channel, user=viewer, seconds=60)
    second = services.ban(actor=moderator, channel=channel, user=viewer, reason="Again")
    first.refresh_from_db()
    assert first.lifted_by == moderator
    assert Sanction.objects.standing(timezone.now()).get() == second
    assert standing(viewer, channel).banned


def test_banning_the_banned_only_changes_the_reason(channel, moderator, colleague, viewer):
    first = services.ban(actor=moderator, channel=channel, user=viewer, reason="Spam")
    assert services.ban(actor=colleague, channel=channel, user=viewer) == first
    assert services.ban(actor=colleague, channel=channel, user=viewer, reason="Spam") == first
    assert AuditEntry.objects.filter(action__startswith="person.").count() == 1
    services.ban(actor=colleague, channel=channel, user=viewer, reason="Fraud")
    assert Sanction.objects.get().reason == "Fraud"
    assert AuditEntry.objects.get(action="person.reason").details["before"] == "Spam"


def test_lifting_lets_a_person_in_again_and_twice_is_once(channel, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    assert services.lift_sanction(actor=moderator, channel=channel, user=viewer) is not None
    assert services.lift_sanction(actor=moderator, channel=channel, user=viewer) is None
    assert standing(viewer, channel) is None
    assert AuditEntry.objects.filter(action="person.lift").count() == 1


def test_a_ban_in_one_channel_is_none_in_another(channel, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    assert standing(viewer, factories.channel()) is None


def test_a_warning_waits_until_its_person_acknowledges_it(channel, moderator, viewer, stranger):
    warning = services.warn(actor=moderator, channel=channel, user=viewer, reason="No spoilers")
    assert standing(viewer, channel).warning_id == warning.pk
    with raises(NotFound):
        services.acknowledge_warning(actor=stranger, channel=channel, warning_id=warning.pk)
    for _ in range(2):
        services.acknowledge_warning(actor=viewer, channel=channel, warning_id=warning.pk)
    assert standing(viewer, channel) is None
    assert AuditEntry.objects.filter(action="warning.acknowledge").count() == 1


def test_the_oldest_warning_is_read_first(channel, moderator, viewer):
    first = services.warn(actor=moderator, channel=channel, user=viewer, reason="One")
    second = services.warn(actor=moderator, channel=channel, user=viewer, reason="Two")
    assert standing(viewer, channel).warning_id == first.pk
    services.acknowledge_warning(actor=viewer, channel=channel, warning_id=first.pk)
    assert standing(viewer, channel).warning_id == second.pk


def test_a_warning_says_why(channel, moderator, viewer):
    with raises(Invalid) as refusal:
        services.warn(actor=moderator, channel=channel, user=viewer, reason=" \u200b ")
    assert list(refusal.value.fields) == ["reason"]


def test_a_reason_is_at_most_300_characters(channel, moderator, viewer):
    with raises(Invalid) as refusal:
        services.ban(actor=moderator, channel=channel, user=viewer, reason="x" * 301)
    assert list(refusal.value.fields) == ["reason"]
    assert not Sanction.objects.exists()


@pytest.mark.parametrize("who", ["viewer", "vip", "editor", "stranger", "nobody"])
def test_who_has_no_power_sanctions_nobody(request, channel, who):
    actor = AnonymousUser() if who == "nobody" else request.getfixturevalue(who)
    target = factories.person()
    for verb, more in (
        (services.time_out, {"seconds": 5}),
        (services.ban, {}),
        (services.warn, {"reason": "Hm"}),
        (services.lift_sanction, {}),
        (services.write_note, {"text": "Hm"}),
    ):
        with raises(SignInNeeded if who == "nobody" else NotAllowed):
            verb(actor=actor, channel=channel, user=target, **more)
    assert not Sanction.objects.exists()


@pytest.mark.parametrize("whom", ["streamer", "moderator", "colleague", "editor", "staff"])
def test_a_moderator_sanctions_nobody_of_their_own_rank_or_above(request, channel, moderator, whom):
    target = factories.person("boss", is_staff=True) if whom == "staff" else request.getfixturevalue(whom)
    for verb, more in (
        (services.time_out, {"seconds": 5}),
        (services.ban, {}),
        (services.warn, {"reason": "Hm"}),
    ):
        with raises((NotAllowed, Invalid)):
            verb(actor=moderator, channel=channel, user=target, **more)
    assert not Sanction.objects.exists()


def test_the_owner_may_ban_a_moderator(channel, streamer, moderator):
    services.ban(actor=streamer, channel=channel, user=moderator)
    with raises(Invalid):
        services.lift_sanction(actor=moderator, channel=channel, user=moderator)
    assert standing(moderator, channel).banned


def test_a_rule_times_out_but_does_not_shorten_a_ban(channel, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    assert services.time_out_by_rule(channel=channel, user=viewer, seconds=60, rule="caps") is None
    assert standing(viewer, channel).banned
    services.lift_sanction(actor=moderator, channel=channel, user=viewer)
    services.time_out_by_rule(channel=channel, user=viewer, seconds=60, rule="caps")
    assert standing(viewer, channel).until is not None
    assert AuditEntry.objects.get(action="person.timeout").actor_id is None


def test_a_rule_shortens_no_time_out(channel, moderator, viewer):
    services.time_out(actor=moderator, channel=channel, user=viewer, seconds=3600)
    until = standing(viewer, channel).until
    assert services.time_out_by_rule(channel=channel, user=viewer, seconds=1, rule="caps") is None
    assert standing(viewer, channel).until == until


def test_the_world_hears_of_each_change_once(
    channel, moderator, viewer, told, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        ban = services.ban(actor=moderator, channel=channel, user=viewer)
        services.ban(actor=moderator, channel=channel, user=viewer)
        services.lift_sanction(actor=moderator, channel=channel, user=viewer)
        warning = services.warn(actor=moderator, channel=channel, user=viewer, reason="Hm")
        services.acknowledge_warning(actor=viewer, channel=channel, warning_id=warning.pk)
    ids = (channel.pk, viewer.pk)
    assert told == [
        facts.PersonSanctioned(*ids, ban.pk),
        facts.SanctionLifted(*ids, ban.pk),
        facts.WarningGiven(*ids, warning.pk),
        facts.WarningAcknowledged(*ids, warning.pk),
    ]


def test_standing_costs_one_query_for_any_number_of_people(
    channel, moderator, viewer, stranger, django_assert_num_queries
):
    services.ban(actor=moderator, channel=channel, user=viewer)
    services.warn(actor=moderator, channel=channel, user=viewer, reason="Hm")
    services.warn(actor=moderator, channel=channel, user=stranger, reason="Hm")
    with django_assert_num_queries(1):
        found = selectors.standing_of([viewer.pk, stranger.pk, moderator.pk], channel)
    assert set(found) == {viewer.pk, stranger.pk}
    assert found[viewer.pk].banned and found[viewer.pk].warning_id


def test_the_database_keeps_one_exclusion_a_person(channel, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    with raises(IntegrityError), transaction.atomic():
        Sanction.objects.create(channel=channel, user=viewer, kind="timeout", expires_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_moderators_who_act_at_once_leave_one_sanction(channel, moderator, colleague, viewer):
    start, failures = threading.Barrier(4), []

    def act(actor, verb, **more):
        try:
            start.wait(timeout=10)
            verb(actor=actor, channel=channel, user=viewer, **more)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=act, args=(actor, verb), kwargs=more)
        for actor in (moderator, colleague)
        for verb, more in ((services.ban, {}), (services.time_out, {"seconds": 60}))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
    assert Sanction.objects.standing(timezone.now()).count() == 1


def test_a_banned_person_asks_once_a_ban(channel, moderator, viewer):
    with raises(Conflict) as refusal:
        services.request_unban(actor=viewer, channel=channel, text="Please")
    assert refusal.value.code == "NOT_BANNED"
    services.time_out(actor=moderator, channel=channel, user=viewer, seconds=60)
    with raises(Conflict):
        services.request_unban(actor=viewer, channel=channel, text="Please")
    for _ in range(2):
        services.ban(actor=moderator, channel=channel, user=viewer)
        services.request_unban(actor=viewer, channel=channel, text="Please")
        with raises(Conflict) as refusal:
            services.request_unban(actor=viewer, channel=channel, text="Please!")
        assert refusal.value.code == "ASKED_BEFORE"
        services.lift_sanction(actor=moderator, channel=channel, user=viewer)
    assert list(UnbanRequest.objects.values_list("state", flat=True)) == ["granted", "granted"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_a_plea_has_1_to_500_characters(channel, moderator, viewer, text):
    services.ban(actor=moderator, channel=channel, user=viewer)
    with raises(Invalid) as refusal:
        services.request_unban(actor=viewer, channel=channel, text=text)
    assert list(refusal.value.fields) == ["text"]


def test_granting_lifts_the_ban_and_denying_does_not(channel, moderator, viewer, stranger):
    for person, answer in ((viewer, "granted"), (stranger, "denied")):
        services.ban(actor=moderator, channel=channel, user=person)
        plea = services.request_unban(actor=person, channel=channel, text="Please")
        services.answer_unban_request(
            actor=moderator, request=plea, answer=answer, public_note="Be kind", private_note="Watch"
        )
        with raises(Conflict) as refusal:
            services.answer_unban_request(actor=moderator, request=plea, answer="denied")
        assert refusal.value.code == "ANSWERED_BEFORE"
    assert standing(viewer, channel) is None
    assert standing(stranger, channel).banned
    assert UnbanRequest.objects.get(sanction__user=viewer).public_note == "Be kind"


def test_an_answer_is_granted_or_denied_by_who_may(channel, moderator, editor, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    plea = services.request_unban(actor=viewer, channel=channel, text="Please")
    with raises(Invalid):
        services.answer_unban_request(actor=moderator, request=plea, answer="open")
    for actor in (editor, viewer):
        with raises(NotAllowed):
            services.answer_unban_request(actor=actor, request=plea, answer="granted")
    plea.refresh_from_db()
    assert plea.state == "open"


def test_a_card_tells_what_moderators_need(channel, moderator, viewer):
    services.time_out(actor=moderator, channel=channel, user=viewer, seconds=60, reason="Caps")
    services.ban(actor=moderator, channel=channel, user=viewer, reason="Spam")
    services.write_note(actor=moderator, channel=channel, user=viewer, text="Third account")
    card = selectors.person_card(channel, viewer, viewer=moderator)
    assert card.counts == {"timeout": 1, "ban": 1, "warning": 0}
    assert [(s.kind, s.reason) for s in card.history] == [("ban", "Spam"), ("timeout", "Caps")]
    assert [note.text for note in card.notes] == ["Third account"]
    assert card.standing.banned
    assert (card.member_since, card.follows_since) == (viewer.date_joined, None)


def test_a_note_is_seen_until_it_is_deleted(channel, moderator, colleague, viewer):
    note = services.write_note(actor=moderator, channel=channel, user=viewer, text="Third account")
    for _ in range(2):
        services.delete_note(actor=colleague, note=note)
    assert selectors.person_card(channel, viewer, viewer=moderator).notes == []
    assert AuditEntry.objects.filter(action="note.delete").count() == 1


def test_nobody_reads_or_deletes_a_note_on_themselves(channel, streamer, moderator, colleague):
    note = services.write_note(actor=streamer, channel=channel, user=moderator, text="Asleep at work")
    assert selectors.person_card(channel, moderator, viewer=moderator).notes == []
    assert selectors.person_card(channel, moderator, viewer=colleague).notes == [note]
    with raises(NotAllowed):
        services.delete_note(actor=moderator, note=note)
    services.delete_note(actor=colleague, note=note)
