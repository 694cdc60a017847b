"""Taking moderators' deeds back: one at a time, in bulk, and never into a state that was not before."""

import contextlib
import datetime
import threading

import hypothesis
import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import strategies as st
from pytest import raises

from apps.channels.models import ChannelRole
from apps.channels.roles import Role
from apps.channels.services import edit_channel
from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, SignInNeeded
from apps.core.models import UNDONE, AuditEntry
from apps.moderation import selectors, services, undo
from apps.moderation.models import AutomodRule, PersonNote, Report, Sanction, UnbanRequest
from tests import factories


def state(channel, *people):
    """What moderation says of a channel and these people, to everybody who asks."""
    cards = [selectors.person_card(channel, person, viewer=channel.owner) for person in people]
    return (
        [(card.standing, card.counts, [(n.pk, n.text) for n in card.notes]) for card in cards],
        list(
            AutomodRule.objects.filter(channel=channel).values("kind", "label", "action", "is_on", "settings")
        ),
        selectors.rules_of(channel),
        sorted(UnbanRequest.objects.values_list("pk", "state", "public_note")),
        sorted(Report.objects.values_list("pk", "state", "answer")),
    )


def last(channel):
    return selectors.log_of(channel).exclude(action=UNDONE).first()


def undo_last(actor, channel):
    return undo.undo_action(actor=actor, channel=channel, entry_id=last(channel).pk)


def test_an_undone_ban_brings_the_time_out_back_that_it_replaced(channel, moderator, viewer):
    services.time_out(actor=moderator, channel=channel, user=viewer, seconds=600, reason="Caps")
    before = state(channel, viewer)
    services.ban(actor=moderator, channel=channel, user=viewer, reason="Spam")
    undo_last(moderator, channel)
    assert state(channel, viewer) == before


def test_a_replaced_time_out_that_ran_out_meanwhile_stays_over(channel, moderator, viewer):
    with time_machine.travel(timezone.now()) as clock:
        services.time_out(actor=moderator, channel=channel, user=viewer, seconds=5)
        services.ban(actor=moderator, channel=channel, user=viewer)
        clock.shift(10)
        undo_last(moderator, channel)
        assert selectors.standing_of([viewer.pk], channel) == {}


def test_an_undone_lift_restores_the_ban_and_its_plea(channel, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer, reason="Spam")
    services.request_unban(actor=viewer, channel=channel, text="Please")
    before = state(channel, viewer)
    services.lift_sanction(actor=moderator, channel=channel, user=viewer)
    undo_last(moderator, channel)
    assert state(channel, viewer) == before


@pytest.mark.parametrize("answer", ["granted", "denied"])
def test_an_undone_answer_opens_the_plea_again(channel, moderator, viewer, answer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    plea = services.request_unban(actor=viewer, channel=channel, text="Please")
    before = state(channel, viewer)
    services.answer_unban_request(actor=moderator, request=plea, answer=answer, public_note="Well")
    undo_last(moderator, channel)
    assert state(channel, viewer) == before


def test_a_report_can_be_opened_again(channel, moderator, viewer, stranger):
    made = services.report(
        actor=stranger, kind="person", subject_id=viewer.pk, reason="spam", channel=channel
    )
    before = state(channel, viewer)
    services.answer_report(actor=moderator, report=made, answer="dismissed", words="No")
    undo_last(moderator, channel)
    assert state(channel, viewer) == before


def test_an_undo_brings_no_more_terms_back_than_a_channel_can_have(channel, moderator):
    for label in ("first", "second"):
        terms = [f"{label}{number}" for number in range(600)]
        services.edit_rule(
            actor=moderator, channel=channel, kind="terms", label=label, settings={"blocked": terms}
        )
        if label == "first":
            services.remove_rule(actor=moderator, channel=channel, kind="terms", label=label)
            removed = last(channel)
    before = state(channel)
    with raises(Invalid):
        undo.undo_action(actor=moderator, channel=channel, entry_id=removed.pk)
    assert state(channel) == before


def test_nobody_opens_a_report_about_themselves_again(channel, streamer, moderator, stranger):
    made = services.report(
        actor=stranger, kind="person", subject_id=moderator.pk, reason="spam", channel=channel
    )
    services.answer_report(actor=streamer, report=made, answer="upheld")
    with raises(NotAllowed):
        undo_last(moderator, channel)
    made.refresh_from_db()
    assert made.state == "upheld"


def test_what_staff_decide_about_a_channel_is_out_of_its_crew_s_reach(channel, streamer, stranger):
    made = services.report(actor=stranger, kind="channel", subject_id=channel.pk, reason="hate")
    services.answer_report(actor=factories.person("boss", is_staff=True), report=made, answer="upheld")
    entry = AuditEntry.objects.get(action="report.answer")
    assert entry not in selectors.log_of(channel)
    with raises(NotFound):
        undo.undo_action(actor=streamer, channel=channel, entry_id=entry.pk)


@pytest.mark.parametrize("way", ["lift", "answer", "replaced"])
def test_undoing_turns_no_sanction_on_somebody_out_of_reach(channel, streamer, moderator, viewer, way):
    """Who got a role meanwhile is not banned by their peers, not by an undo either."""
    if way == "replaced":
        services.ban(actor=streamer, channel=channel, user=viewer)
        services.time_out(actor=streamer, channel=channel, user=viewer, seconds=60)
    else:
        services.ban(actor=streamer, channel=channel, user=viewer)
        plea = services.request_unban(actor=viewer, channel=channel, text="Please")
        if way == "answer":
            services.answer_unban_request(actor=streamer, request=plea, answer="granted")
        else:
            services.lift_sanction(actor=streamer, channel=channel, user=viewer)
    ChannelRole.objects.create(channel=channel, user=viewer, role=Role.MODERATOR)
    before = state(channel, viewer)
    with raises(NotAllowed):
        undo_last(moderator, channel)
    assert state(channel, viewer) == before
    undo_last(streamer, channel)
    assert selectors.standing_of([viewer.pk], channel)[viewer.pk].banned


def test_an_undone_answer_brings_no_ban_back_that_it_did_not_lift(channel, moderator, colleague, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    plea = services.request_unban(actor=viewer, channel=channel, text="Please")
    undo_last(moderator, channel)
    before = state(channel, viewer)
    services.answer_unban_request(actor=colleague, request=plea, answer="granted")
    undo_last(moderator, channel)
    assert state(channel, viewer) == before
    assert selectors.standing_of([viewer.pk], channel) == {}


def test_what_was_changed_again_is_not_undone(channel, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    banned = last(channel)
    services.lift_sanction(actor=moderator, channel=channel, user=viewer)
    services.edit_rule(actor=moderator, channel=channel, kind="caps", is_on=True)
    edited = last(channel)
    services.edit_rule(actor=moderator, channel=channel, kind="caps", is_on=False)
    before = state(channel, viewer)
    for entry in (banned, edited):
        with raises(Conflict) as refusal:
            undo.undo_action(actor=moderator, channel=channel, entry_id=entry.pk)
        assert refusal.value.code == "NO_LONGER_APPLIES"
    assert state(channel, viewer) == before
    assert not AuditEntry.objects.filter(action=UNDONE).exists()


def test_a_lift_is_not_undone_over_a_newer_sanction(channel, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    services.lift_sanction(actor=moderator, channel=channel, user=viewer)
    lifted = last(channel)
    services.time_out(actor=moderator, channel=channel, user=viewer, seconds=60)
    with raises(Conflict):
        undo.undo_action(actor=moderator, channel=channel, entry_id=lifted.pk)
    assert not selectors.standing_of([viewer.pk], channel)[viewer.pk].banned


def test_undoing_much_goes_on_behind_what_was_undone(channel, moderator, colleague, viewer, monkeypatch):
    monkeypatch.setattr(undo, "AT_ONCE_MOST", 2)
    monkeypatch.setattr(undo, "LOOKED_UP", 2)
    for number in range(5):
        services.write_note(actor=moderator, channel=channel, user=viewer, text=f"Note {number}")
    everything = {"actor": colleague, "channel": channel, "by_user": moderator, "since": channel.created_at}
    done = [len(undo.undo_everything(**everything).done) for _ in range(4)]
    assert done == [2, 2, 1, 0]
    assert not PersonNote.objects.kept().exists()


def test_an_entry_is_undone_once(channel, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    said = undo_last(moderator, channel)
    with raises(Conflict) as refusal:
        undo_last(moderator, channel)
    assert refusal.value.code == "UNDONE_BEFORE"
    with raises(Conflict) as refusal:
        undo.undo_action(actor=moderator, channel=channel, entry_id=said.pk)
    assert refusal.value.code == "CANNOT_BE_UNDONE"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_undo_the_same_entry_at_once_one_is_refused(channel, streamer, moderator, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    entry, start, outcomes = last(channel), threading.Barrier(2), []

    def act(actor):
        try:
            start.wait(timeout=10)
            undo.undo_action(actor=actor, channel=channel, entry_id=entry.pk)
            outcomes.append("done")
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(actor,)) for actor in (streamer, moderator)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["UNDONE_BEFORE", "done"]


def test_undoing_takes_the_power_and_an_entry_of_this_channel(channel, streamer, moderator, editor, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    entry = last(channel)
    for actor, refusal in ((editor, NotAllowed), (viewer, NotAllowed), (AnonymousUser(), SignInNeeded)):
        with raises(refusal):
            undo.undo_action(actor=actor, channel=channel, entry_id=entry.pk)
        with raises(refusal):
            undo.undo_everything(
                actor=actor, channel=channel, by_user=moderator, since=timezone.now() - datetime.timedelta(1)
            )
    other = factories.channel()
    with raises(NotFound):
        undo.undo_action(actor=other.owner, channel=other, entry_id=entry.pk)
    edit_channel(actor=streamer, channel=channel, description="New")
    with raises(NotFound):
        undo.undo_action(
            actor=moderator, channel=channel, entry_id=AuditEntry.objects.get(action="channel.edited").pk
        )
    assert selectors.standing_of([viewer.pk], channel)[viewer.pk].banned


def test_a_moderator_does_not_undo_what_was_done_to_them(channel, streamer, moderator):
    services.warn(actor=streamer, channel=channel, user=moderator, reason="Mind the tone")
    with raises(NotAllowed):
        undo_last(moderator, channel)


def test_everything_by_one_since_a_moment_is_undone_and_nothing_else(
    channel, streamer, moderator, colleague, viewer, stranger
):
    services.ban(actor=moderator, channel=channel, user=stranger)
    services.write_note(actor=colleague, channel=channel, user=viewer, text="Kept")
    since = timezone.now()
    before = state(channel, viewer, stranger)
    services.lift_sanction(actor=moderator, channel=channel, user=stranger)
    services.ban(actor=moderator, channel=channel, user=viewer)
    services.ban(actor=moderator, channel=channel, user=viewer, reason="Because")
    services.write_note(actor=moderator, channel=channel, user=viewer, text="Gone")
    services.edit_rule(actor=moderator, channel=channel, kind="links", is_on=True)
    outcome = undo.undo_everything(actor=streamer, channel=channel, by_user=moderator, since=since)
    assert (len(outcome.done), outcome.refused) == (5, [])
    assert state(channel, viewer, stranger) == before
    again = undo.undo_everything(actor=streamer, channel=channel, by_user=moderator, since=since)
    assert (again.done, again.refused) == ([], [])


def test_what_cannot_be_undone_any_more_keeps_nothing_else_back(
    channel, moderator, colleague, viewer, stranger
):
    since = timezone.now()
    services.ban(actor=moderator, channel=channel, user=viewer)
    services.ban(actor=moderator, channel=channel, user=stranger)
    services.lift_sanction(actor=colleague, channel=channel, user=stranger)
    outcome = undo.undo_everything(actor=colleague, channel=channel, by_user=moderator, since=since)
    assert [entry.subject_id for entry in outcome.done] == [str(viewer.pk)]
    assert [(e.subject_id, r.code) for e, r in outcome.refused] == [(str(stranger.pk), "NO_LONGER_APPLIES")]


@contextlib.contextmanager
def forgotten():
    """What happens in here leaves no trace: each example starts alike."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["time_out", "ban", "lift", "warn", "note", "unnote", "rule", "words", "remove", "replace"]
        ),
        st.integers(0, 1),
        st.integers(0, 3),
    ),
    max_size=12,
)


def perform(actor, channel, people, deed, whom, choice):
    """One random deed of a moderator; what is refused is no deed."""
    common = {"actor": actor, "channel": channel}
    person = common | {"user": people[whom]}
    notes = PersonNote.objects.kept().filter(user=people[whom])
    match deed:
        case "time_out":
            services.time_out(**person, seconds=600 + choice, reason=f"Reason {choice}")
        case "ban":
            services.ban(**person, reason="" if choice == 0 else f"Reason {choice}")
        case "lift":
            services.lift_sanction(**person)
        case "warn":
            services.warn(**person, reason=f"Reason {choice}")
        case "note":
            services.write_note(**person, text=f"Note {choice}")
        case "unnote" if notes:
            services.delete_note(actor=actor, note=notes[choice % len(notes)])
        case "rule":
            kind = ("caps", "links", "profanity", "similarity")[choice]
            services.edit_rule(**common, kind=kind, is_on=bool(whom), action=("hold", "refuse")[whom])
        case "words":
            label = ("", "spoilers")[whom]
            services.edit_rule(
                **common, kind="terms", label=label, settings={"blocked": ["x" * (choice + 1)]}
            )
        case "remove":
            services.remove_rule(**common, kind=("caps", "terms")[whom], label="" if choice else "spoilers")
        case "replace":
            rules = [{"kind": "caps"}, {"kind": "terms", "label": "spoilers"}, {"kind": "links"}]
            services.replace_rules(**common, rules=rules[:choice])


@pytest.mark.usefixtures("unlimited")
@hypothesis.given(before=ACTIONS, deeds=ACTIONS, in_bulk=st.booleans())
def test_random_deeds_and_their_undo_in_reverse_give_the_starting_state(
    channel, streamer, moderator, colleague, viewer, stranger, before, deeds, in_bulk
):
    with forgotten():
        people = (viewer, stranger)
        for deed in before:
            perform(colleague, channel, people, *deed)
        start = state(channel, *people)
        newest = AuditEntry.objects.first()
        since = timezone.now()
        for deed in deeds:
            perform(moderator, channel, people, *deed)
        if in_bulk:
            outcome = undo.undo_everything(actor=streamer, channel=channel, by_user=moderator, since=since)
            assert outcome.refused == []
        else:
            done = AuditEntry.objects.filter(pk__gt=newest.pk, actor_id=moderator.pk)
            for entry in list(done):
                undo.undo_action(actor=streamer, channel=channel, entry_id=entry.pk)
        assert state(channel, *people) == start


@pytest.mark.usefixtures("unlimited")
@hypothesis.given(deeds=ACTIONS, order=st.randoms(use_true_random=False))
def test_undoing_in_any_order_refuses_clearly_and_keeps_one_sanction_a_person(
    channel, streamer, moderator, viewer, stranger, deeds, order
):
    with forgotten():
        for deed in deeds:
            perform(moderator, channel, (viewer, stranger), *deed)
        entries = list(AuditEntry.objects.filter(actor_id=moderator.pk))
        order.shuffle(entries)
        for entry in entries:
            try:
                undo.undo_action(actor=streamer, channel=channel, entry_id=entry.pk)
            except DomainError as refusal:
                assert refusal.code in ("NO_LONGER_APPLIES", "UNDONE_BEFORE")
        for person in (viewer, stranger):
            assert Sanction.objects.of(person, channel).standing(timezone.now()).count() <= 1


def test_since_the_beginning_of_time_is_since_the_channel_began(channel, moderator, streamer, viewer):
    services.ban(actor=moderator, channel=channel, user=viewer)
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    since = datetime.datetime(1, 1, 1, tzinfo=tokyo)
    outcome = undo.undo_everything(actor=streamer, channel=channel, by_user=moderator, since=since)
    assert [entry.action for entry in outcome.done] == ["person.ban"]
