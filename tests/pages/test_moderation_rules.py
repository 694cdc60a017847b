"""The desk's pages that speak of the room: held messages, modes, shield, automatic rules, dry run."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services as chat
from apps.chat.models import ChatRoom, HeldMessage, Message
from apps.moderation.automod import Action, Kind, Rule
from apps.moderation.selectors import rules_of
from tests import factories

from .test_moderation import DESK, text_of

RULES = f"{DESK}/rules"


def held_of(channel: Channel, user: User, content: str = "Buy pills now", **more: Any) -> HeldMessage:
    room, _ = ChatRoom.objects.get_or_create(channel=channel)
    fields = {"rule": "terms:spam", "matched_from": 4, "matched_to": 9, "nonce": f"n{user.pk}"} | more
    return HeldMessage.objects.create(room=room, user=user, content=content, **fields)


def say(channel: Channel, user: User, content: str) -> Message:
    return chat.send_message(actor=user, channel=channel, content=content, nonce=content[:60])


def rule(channel: Channel, kind: Kind, label: str = "") -> Rule:
    return next(each for each in rules_of(channel) if (each.kind, each.label) == (kind, label))


def form_of(page: str, anchor: str) -> dict[str, str]:
    """What a browser would post of a rule's form, as the page has it."""
    part = page.split(f'id="rule-{anchor}"')[1].split("</details>")[0]
    posted = {}
    for tag in re.findall(r"<(?:input|textarea|select)[^>]*>", part):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            posted[name[1]] = value[1] if value else "on" if "checkbox" in tag else ""
    for name, body in re.findall(r'<textarea name="([^"]+)"[^>]*>\r?\n?(.*?)</textarea>', part, re.S):
        posted[name] = body
    for name, body in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', part, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body)
        assert chosen, name
        posted[name] = chosen[1]
    posted.pop("csrfmiddlewaretoken")
    return posted


def test_a_held_message_is_approved_or_rejected(
    channel: Channel, desk: Client, viewer: User, stranger: Client
) -> None:
    first, second = held_of(channel, viewer), held_of(channel, factories.person(), content="<i>Other</i>")
    page = desk.get(DESK).content.decode()
    assert "Buy <mark>pills</mark> now" in page
    assert "Words: spam" in page
    assert "&lt;i&gt;" in page
    assert '<span class="desk-count">2</span>' in page
    assert stranger.post(f"{DESK}/held/{first.pk}/answer", {"answer": "approve"}).status_code == 403
    done = text_of(desk.post(f"{DESK}/held/{first.pk}/answer", {"answer": "approve"}, follow=True))
    assert "The message is in the chat." in done
    assert Message.objects.get().content == "Buy pills now"
    done = text_of(desk.post(f"{DESK}/held/{second.pk}/answer", {"answer": "reject"}, follow=True))
    assert "The message stays out." in done
    assert Message.objects.count() == 1
    again = text_of(desk.post(f"{DESK}/held/{second.pk}/answer", {"answer": "approve"}, follow=True))
    assert "This message has been answered." in again


def test_a_held_message_of_another_channel_is_not_answered_here(
    channel: Channel, desk: Client, viewer: User
) -> None:
    elsewhere = held_of(factories.channel(), viewer)
    assert desk.post(f"{DESK}/held/{elsewhere.pk}/answer", {"answer": "approve"}).status_code == 404
    assert HeldMessage.objects.open().exists()


def test_a_card_shows_what_was_said_and_removes_it(channel: Channel, desk: Client, viewer: User) -> None:
    say(channel, viewer, "First <b>words</b>")
    card = f"{DESK}/people/{viewer.pk}"
    assert "First <b>words</b>" in text_of(desk.get(card))
    done = text_of(desk.post(f"{card}/purge", follow=True))
    assert "1 message of Vera removed." in done
    assert Message.objects.get().deleted_at is not None
    assert "First <b>words</b>" in done


def test_the_chat_is_cleared_and_that_is_undone_in_the_log(
    channel: Channel, desk: Client, viewer: User
) -> None:
    for words in ("One", "Two"):
        say(channel, viewer, words)
    done = text_of(desk.post(f"{DESK}/clear", follow=True))
    assert "The chat is cleared: 2 messages removed." in done
    undo = re.search(rf"{DESK}/log/[^/]+/undo", text_of(desk.get(f"{DESK}/log")))
    assert undo
    assert "It is undone." in text_of(desk.post(undo[0], follow=True))
    assert not Message.objects.exclude(deleted_at=None).exists()


def test_the_log_tells_which_message_was_removed(channel: Channel, desk: Client, viewer: User) -> None:
    message = say(channel, viewer, "Rude <words>")
    chat.delete_message(actor=channel.owner, message_id=message.pk)
    page = text_of(desk.get(f"{DESK}/log"))
    assert "removed a message" in page
    assert "Vera: Rude <words>" in page


def test_modes_are_set_and_told_when_they_make_no_sense(channel: Channel, desk: Client) -> None:
    posted = {"slow": "30", "followers_only": "10", "unique": "on"}
    assert "Saved." in text_of(desk.post(f"{RULES}/modes", posted, follow=True))
    room = ChatRoom.objects.get()
    assert (room.slow_seconds, room.followers_only_minutes, room.unique, room.emotes_only) == (
        30,
        10,
        True,
        False,
    )
    assert 'value="30"' in desk.get(RULES).content.decode()
    assert "followers only: 10, slow: 30, unique: on" in desk.get(f"{DESK}/log").content.decode()
    for bad, words in (
        ({"slow": "1"}, "Slow mode lasts 3 to 120 seconds"),
        ({"slow": ""}, "This can't be empty."),
        ({"slow": "fast"}, "Write a whole number."),
        ({"slow": "0", "followers_only": "999999"}, "0 to 129600"),
    ):
        refused = desk.post(f"{RULES}/modes", bad)
        assert refused.status_code == 422
        assert words in text_of(refused)
    room.refresh_from_db()
    assert room.slow_seconds == 30
    desk.post(f"{RULES}/modes", {"slow": "0", "followers_only": ""})
    room.refresh_from_db()
    assert (room.slow_seconds, room.followers_only_minutes, room.unique) == (0, None, False)


def test_the_shield_goes_up_and_down_by_one_press_each(channel: Channel, desk: Client) -> None:
    before = rules_of(channel)
    up = text_of(desk.post(f"{RULES}/shield", {"on": "yes"}, follow=True))
    assert "The shield is up." in up
    assert "Lower the shield" in up
    assert ChatRoom.objects.get().shield_before is not None
    down = text_of(desk.post(f"{RULES}/shield", {"on": "no"}, follow=True))
    assert "The shield is down." in down
    assert "Raise the shield" in down
    room = ChatRoom.objects.get()
    assert (room.shield_before, room.slow_seconds, room.followers_only_minutes) == (None, 0, None)
    assert rules_of(channel) == before


@pytest.mark.parametrize("kind", list(Kind))
def test_a_rule_that_is_saved_unchanged_says_the_same(channel: Channel, desk: Client, kind: Kind) -> None:
    before = rule(channel, kind)
    posted = form_of(desk.get(RULES).content.decode(), kind)
    saved = desk.post(f"{RULES}/{kind}", posted | {"deed": "save"}, follow=True)
    assert "Saved." in text_of(saved)
    assert f'id="rule-{kind}" open' in saved.content.decode()
    assert rule(channel, kind) == before


def test_rules_are_changed_and_brought_back(channel: Channel, desk: Client) -> None:
    posted = {
        "rule": "", "is_on": "on", "action": "time_out", "timeout_seconds": "2h", "share": "90",
        "least": "20", "deed": "save",
    }  # fmt: skip
    assert "Saved." in text_of(desk.post(f"{RULES}/caps", posted, follow=True))
    saved = rule(channel, Kind.CAPS)
    assert (saved.is_on, saved.action, saved.timeout_seconds) == (True, Action.TIME_OUT, 7200)
    assert saved.settings == {"share": 0.9, "least": 20}
    page = desk.get(RULES).content.decode()
    assert "Times out" in page
    assert 'value="2h"' in page
    assert 'value="90"' in page
    assert "<small>Capitals</small>" in desk.get(f"{DESK}/log").content.decode()
    desk.post(f"{RULES}/caps", {"rule": "", "deed": "remove"})
    assert rule(channel, Kind.CAPS).is_on is False
    desk.post(f"{RULES}/account_age", {"is_on": "on", "action": "refuse", "seconds": "90m", "deed": "save"})
    assert rule(channel, Kind.ACCOUNT_AGE).settings == {"seconds": 5400}


def test_lists_of_words_are_added_changed_and_removed(channel: Channel, desk: Client) -> None:
    words = {"blocked": "spoil*\n\n butler did it ", "permitted": "spoiler wing", "patterns": ""}
    posted = {
        "new": "yes",
        "label": "The “end” #1",
        "is_on": "on",
        "action": "refuse",
        "deed": "save",
    } | words
    made = desk.post(f"{RULES}/terms", posted, follow=True)
    assert "Saved." in text_of(made)
    saved = rule(channel, Kind.TERMS, "The “end” #1")
    assert saved.settings["blocked"] == ["spoil*", "butler did it"]
    opened = re.search(r'id="rule-([^"]+)" open', made.content.decode())
    assert opened
    posted = form_of(text_of(made), opened[1])
    assert posted["rule"] == "The “end” #1"
    desk.post(f"{RULES}/terms", posted | {"blocked": "spoil*", "deed": "save"})
    assert rule(channel, Kind.TERMS, "The “end” #1").settings["blocked"] == ["spoil*"]
    assert "The list is gone." in text_of(
        desk.post(f"{RULES}/terms", posted | {"deed": "remove"}, follow=True)
    )
    assert all(each.label == "" for each in rules_of(channel))
    assert desk.post(f"{RULES}/terms", posted | {"deed": "save"}).status_code == 404


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("caps", {"share": "10"}, "Write a number from 30 to 100."),
        ("caps", {"least": "1"}, "“From so many letters on” must be a whole number from 4 to 500."),
        ("terms", {"blocked": "a\x00b"}, "Null characters are not allowed."),
        ("caps", {"least": ""}, "This can't be empty."),
        ("caps", {"least": "many"}, "Write a whole number."),
        ("caps", {"action": "time_out", "timeout_seconds": ""}, "Say how long"),
        ("caps", {"action": "time_out", "timeout_seconds": "soon"}, "Write a time like"),
        ("caps", {"action": "explode"}, "explode"),
        ("account_age", {"seconds": "5s"}, "“Accounts younger than” must be a whole number from 60"),
        ("links", {"allowed": "not a domain"}, "is not a domain"),
        ("terms", {"patterns": "(unclosed"}, "is not a pattern we can run"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_where_it_was_typed(
    channel: Channel, desk: Client, kind: str, change: dict[str, str], words: str
) -> None:
    before = rules_of(channel)
    posted = form_of(desk.get(RULES).content.decode(), kind)
    refused = desk.post(f"{RULES}/{kind}", posted | change | {"deed": "save"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert f'id="rule-{kind}" open' in page
    assert words in text_of(refused)
    assert rules_of(channel) == before


def test_a_new_list_needs_a_name_of_its_own(channel: Channel, desk: Client) -> None:
    posted = {"new": "yes", "label": "", "action": "hold", "deed": "save"}
    refused = desk.post(f"{RULES}/terms", posted)
    assert refused.status_code == 422
    assert 'id="rule-new" open' in refused.content.decode()


@pytest.mark.parametrize("kind", ["nonsense", "terms:x"])
def test_a_kind_that_is_none_is_not_found(channel: Channel, desk: Client, kind: str) -> None:
    assert desk.post(f"{RULES}/{kind}", {"deed": "save"}).status_code == 404


def test_a_rule_is_tried_on_what_was_said_and_not_stored(
    channel: Channel, desk: Client, viewer: User
) -> None:
    say(channel, viewer, "The b.u.t.l.e.r did it")
    say(channel, viewer, "Good evening")
    posted = {
        "rule": "",
        "action": "refuse",
        "blocked": "butler",
        "permitted": "",
        "patterns": "",
        "deed": "try",
    }
    tried = desk.post(f"{RULES}/terms", posted)
    page = tried.content.decode()
    assert tried.status_code == 200
    assert "It would have caught 1 of 2 messages" in page
    assert "The <mark>b.u.t.l.e.r</mark> did it" in page
    assert "Good evening" not in page.split('class="desk-outcome"')[1].split("</section>")[0]
    assert rule(channel, Kind.TERMS).settings["blocked"] == []
    assert "butler</textarea>" in page


def test_the_pages_of_the_room_take_few_queries(
    channel: Channel, desk: Client, moderator: User, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        held_of(channel, factories.person(), nonce=f"n{number}")
        posted = {"new": "yes", "label": f"List {number}", "action": "hold", "deed": "save"}
        assert desk.post(f"{RULES}/terms", posted, follow=True).status_code == 200
    with django_assert_num_queries(11):
        desk.get(DESK)
    with django_assert_num_queries(10):
        desk.get(RULES)


def test_forms_of_the_room_carry_what_protects_them(channel: Channel, desk: Client, viewer: User) -> None:
    held_of(channel, viewer)
    for path in (DESK, RULES, f"{DESK}/people/{viewer.pk}"):
        page = desk.get(path).content.decode()
        assert page.count("csrfmiddlewaretoken") == page.count('method="post"') > 0
