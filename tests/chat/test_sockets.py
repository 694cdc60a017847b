"""A channel's sockets, by the ASGI channel that every server has (the hub's stepped way out)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from apps.accounts import tickets
from apps.accounts.models import User
from apps.channels.models import Channel, topic
from apps.chat import services
from apps.chat.models import Message
from apps.core.realtime import doors, frame, push
from tests import factories

from .conftest import Dial, story

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


def in_thread(verb: Callable[..., Any], **arguments: Any) -> Any:
    """A verb, as a web process would call it."""
    from apps.core.realtime.database import read

    return read(lambda: verb(**arguments))


def test_the_room_greets_with_its_newest_messages(
    dial: Dial, say: Say, viewer: User, unlimited: None
) -> None:
    for n in range(103):
        say(viewer, f"message {n + 1}")

    async def steps() -> None:
        async with dial() as client:
            history = await client.next("chat:history")
            assert [m["seq"] for m in history["messages"]] == list(range(4, 104))
            assert (history["lastSeq"], history["truncated"]) == (103, False)

    story(steps)


@pytest.mark.parametrize(
    ("after", "expected"), [(0, (1, 120)), (5, (6, 120)), (119, (120, 120)), (120, None)]
)
def test_who_comes_back_gets_exactly_what_was_missed(
    dial: Dial, say: Say, viewer: User, unlimited: None, after: int, expected: tuple[int, int] | None
) -> None:
    for n in range(120):
        say(viewer, f"message {n + 1}")

    async def steps() -> None:
        async with dial() as client:
            path = client.line.scope["path"]
            await client.next("chat:history")
            async with dial(f"{path}?after={after}") as returned:
                history = await returned.next("chat:history")
                got = [m["seq"] for m in history["messages"]]
                assert got == (list(range(expected[0], expected[1] + 1)) if expected else [])
                assert history["lastSeq"] == 120
                await client.send("chat:history", after=after)
                assert [m["seq"] for m in (await client.next("chat:history"))["messages"]] == got

    story(steps)


def test_more_than_one_answer_holds_is_marked_and_starts_where_the_client_is(
    dial: Dial, room: Any, viewer: User
) -> None:
    Message.objects.bulk_create(
        Message(room=room, seq=n, user=viewer, content="m", nonce=str(n), created_at=timezone.now())
        for n in range(1, 1201)
    )
    room.last_seq = 1200
    room.save()

    async def steps() -> None:
        async with dial(f"/ws/channels/{room.channel.slug}?after=10") as client:
            history = await client.next("chat:history")
            assert [m["seq"] for m in history["messages"]] == list(range(11, 511))
            assert (history["lastSeq"], history["truncated"]) == (1200, True)

    story(steps)


def test_a_message_is_acknowledged_and_everybody_sees_it_once(dial: Dial, viewer: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as sender, dial() as reader:
            await sender.send("chat:send", content=" hello ", nonce="n1")
            ack = await sender.next("chat:ack")
            assert (ack["nonce"], ack["seq"]) == ("n1", 1)
            for client in (sender, reader):
                message = await client.next("chat:message")
                assert (message["id"], message["content"]) == (ack["id"], "hello")
                assert message["user"]["username"] == "viewer"
            await sender.send("chat:send", content="hello", nonce="n1")
            assert await sender.next("chat:ack") == ack
            assert await reader.silent("chat:message")

    story(steps)
    assert Message.objects.count() == 1


def test_a_nonce_of_another_connection_is_known_too(dial: Dial, say: Say, viewer: User) -> None:
    message = say(viewer, "before the line broke", "n1")

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", content="before the line broke", nonce="n1")
            assert await client.next("chat:ack") == {"nonce": "n1", "id": str(message.pk), "seq": 1}

    story(steps)


def test_a_sender_who_repeats_after_a_broken_line_is_acknowledged_although_the_limit_is_reached(
    dial: Dial, say: Say, viewer: User
) -> None:
    stored = [say(viewer, f"message {n}", f"n{n}") for n in range(services.LIMIT.most)]

    async def steps() -> None:
        async with dial(who=viewer) as client:
            for message in stored:
                await client.send("chat:send", content=message.content, nonce=message.nonce)
                assert (await client.next("chat:ack"))["seq"] == message.seq
            await client.send("chat:send", content="one more", nonce="new")
            assert (await client.next("chat:error"))["code"] == "RATE_LIMITED"

    story(steps)
    assert Message.objects.count() == len(stored)


def test_one_message_sent_by_two_tabs_at_once_is_stored_once_and_acknowledged_to_both(
    dial: Dial, viewer: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=viewer) as two:
            for client in (one, two):
                await client.send("chat:send", content="hi", nonce="n")
            assert await one.next("chat:ack") == await two.next("chat:ack")

    story(steps)
    assert Message.objects.count() == 1


def test_a_message_of_the_api_reaches_open_sockets(dial: Dial, channel: Channel, viewer: User) -> None:
    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            await in_thread(services.send_message, actor=viewer, channel=channel, content="by API", nonce="n")
            assert (await reader.next("chat:message"))["content"] == "by API"

    story(steps)


def test_a_message_that_no_hint_told_of_is_found_in_the_database(
    dial: Dial, say: Say, channel: Channel, viewer: User
) -> None:
    """As when Redis was away at the moment of the push."""

    def unheard() -> None:
        from apps.chat import store
        from apps.core.ids import uuid7

        store.append(channel.pk, [store.Draft(uuid7(), viewer.pk, "unheard", "u", ())])

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            await in_thread(unheard)
            assert (await reader.next("chat:message"))["content"] == "unheard"

    story(steps)


def test_a_removed_message_leaves_every_screen_and_every_history(
    dial: Dial, viewer: User, moderator: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as author, dial(who=moderator) as crew:
            await author.send("chat:send", content="oops", nonce="n")
            ack = await author.next("chat:ack")
            await crew.next("chat:message")
            await crew.send("chat:delete", id=ack["id"])
            for client in (author, crew):
                gone = await client.next("chat:deleted")
                assert (gone["id"], gone["seq"]) == (ack["id"], 1)
            async with dial() as newcomer:
                shown = (await newcomer.next("chat:history"))["messages"][0]
                assert (shown["content"], shown["deletedAt"]) == ("", gone["deletedAt"])

    story(steps)


def test_a_viewer_may_not_remove_what_another_said(
    dial: Dial, say: Say, viewer: User, stranger: User
) -> None:
    message = say(viewer)

    async def steps() -> None:
        async with dial(who=stranger) as client:
            await client.send("chat:delete", id=str(message.pk))
            assert (await client.next("chat:error"))["code"] == "NOT_ALLOWED"

    story(steps)
    message.refresh_from_db()
    assert message.deleted_at is None


def test_who_writes_too_fast_is_told_how_long_to_wait(dial: Dial, viewer: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            for n in range(services.LIMIT.most + 1):
                await client.send("chat:send", content="hi", nonce=f"n{n}")
            error = await client.next("chat:error")
            assert (error["code"], error["nonce"]) == ("RATE_LIMITED", f"n{services.LIMIT.most}")
            assert 0 < error["retryAfter"] <= services.LIMIT.seconds
            await client.send("chat:send", content="hi", nonce="n0")  # sent again: costs no turn
            for _ in range(services.LIMIT.most + 1):
                await client.next("chat:ack")

    story(steps)


def test_anonymous_people_read_and_do_not_write(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            for type, payload in (
                ("chat:send", {"content": "hi", "nonce": "n"}),
                ("chat:typing", {}),
                ("chat:delete", {"id": "0" * 32}),
            ):
                await client.send(type, **payload)
                error = await client.next("chat:error")
                assert error["code"] == "SIGN_IN_NEEDED"
                assert error.get("nonce") == payload.get("nonce")

    story(steps)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"content": "  ", "nonce": "n"}, "CONTENT_EMPTY"),
        ({"content": "x" * 501, "nonce": "n"}, "CONTENT_TOO_LONG"),
        (
            {"content": "hi", "nonce": "n", "replyTo": "00000000-0000-7000-8000-000000000000"},
            "REPLY_NOT_FOUND",
        ),
        ({"content": ["hi"], "nonce": "n"}, "INVALID"),
        ({"content": "hi"}, "INVALID"),
    ],
)
def test_a_wrong_message_is_answered_with_its_nonce_and_the_reason(
    dial: Dial, viewer: User, payload: dict[str, Any], code: str
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", **payload)
            error = await client.next("chat:error")
            assert (error["code"], error.get("nonce")) == (code, payload.get("nonce"))
            assert error["message"]

    story(steps)
    assert not Message.objects.exists()


def test_a_ticket_works_once(dial: Dial, channel: Channel, viewer: User) -> None:
    ticket = tickets.issue(viewer)

    async def steps() -> None:
        path = f"/ws/channels/{channel.slug}?ticket={ticket}"
        async with dial(path) as first:
            await first.next("chat:history")
        async with dial(path) as second:
            assert await second.closed() == 4401

    story(steps)


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/ws/channels/{slug}?ticket=forged", {}, 4401),
        ("/ws/channels/{slug}", {"authorization": "Bearer forged"}, 4401),
        ("/ws/channels/nowhere", {}, 4404),
        ("/ws/nothing", {}, 4404),
        ("/ws/channels/{slug}", {"origin": "https://evil.example", "host": "testserver"}, 4403),
        ("/ws/dashboard/{slug}", {}, 4403),
    ],
)
def test_who_may_not_come_in_is_told_by_the_close_code(
    dial: Dial, channel: Channel, path: str, headers: dict[str, str], code: int
) -> None:
    async def steps() -> None:
        async with dial(path.format(slug=channel.slug), headers=headers) as client:
            assert await client.closed() == code

    story(steps)


def test_a_page_of_this_host_may_open_sockets(dial: Dial, channel: Channel) -> None:
    async def steps() -> None:
        given = {"origin": "http://live.example:8000", "host": "live.example:8000"}
        async with dial(headers=given) as client:
            await client.next("chat:history")

    story(steps)


def test_a_former_address_leads_to_the_room_and_a_suspended_channel_to_none(
    dial: Dial, channel: Channel
) -> None:
    channel.old_slugs.create(slug="the-old-name")
    suspended = factories.channel(name="Shut")
    suspended.suspended_at = timezone.now()
    suspended.save()

    async def steps() -> None:
        async with dial("/ws/channels/the-old-name") as client:
            await client.next("chat:history")
        async with dial(f"/ws/channels/{suspended.slug}") as client:
            assert await client.closed() == 4404

    story(steps)


HOSTILE = [
    "not json",
    " ",
    "[]",
    "null",
    "5",
    '{"payload": {}}',
    '{"type": 5, "payload": {}}',
    '{"type": "chat:send", "payload": []}',
    '{"type": "made:up", "payload": {}}',
    '{"type": "__init__"}',
    "[" * 4000,
    '{"type": "chat:send", "payload": {"content": "\\ud800", "nonce": "n"}}',
    "\x00\x01\x02",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_frame_is_refused_and_the_socket_lives_on(dial: Dial, viewer: User, text: str) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.line.send_to(text_data=text)
            error = await client.next("chat:error")
            assert error["code"] in {"BAD_FRAME", "UNKNOWN_TYPE"}
            await client.send("ping")
            await client.next("pong")

    story(steps)


def test_binary_frames_are_refused(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            await client.line.send_to(bytes_data=b"\x00\xff")
            assert (await client.next("chat:error"))["code"] == "BAD_FRAME"

    story(steps)


def test_who_keeps_sending_nonsense_is_cut(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            for _ in range(10):
                await client.line.send_to(text_data="nonsense")
            assert await client.closed() == 4400

    story(steps)


def test_a_huge_frame_ends_the_connection(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            await client.send("ping", padding="x" * 9000)
            assert await client.closed() == 1009

    story(steps)


def test_a_flood_ends_the_connection(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            for _ in range(101):
                await client.send("ping")
            assert await client.closed() == 4429

    story(steps)


def test_one_person_holds_only_so_many_sockets(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors.people, "most", 2)

    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=viewer) as two:
            await one.next("chat:history")
            await two.next("chat:history")
            async with dial(who=viewer) as three:
                assert await three.closed() == 4429
            await one.send("ping")
            await one.next("pong")
        async with dial(who=viewer) as again:
            await again.next("chat:history")

    story(steps)


def test_one_address_holds_only_so_many_sockets(
    dial: Dial, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    monkeypatch.setattr(doors.addresses, "most", 2)
    here = {"x-forwarded-for": "forged, 203.0.113.5"}
    household = [{"x-forwarded-for": f"2001:db8::{n}"} for n in range(3)]

    async def steps() -> None:
        async with dial(headers=here), dial(headers=here), dial(headers=here) as three:
            assert await three.closed() == 4429
            async with dial(headers={"x-forwarded-for": "203.0.113.6"}) as neighbour:
                await neighbour.next("chat:history")
        one, two, three = (dial(headers=member) for member in household)
        async with one, two, three as third:
            assert await third.closed() == 4429

    story(steps)


def test_typing_is_told_to_the_others_only(dial: Dial, viewer: User, stranger: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=stranger) as two, dial() as reader:
            await one.send("chat:typing")
            await one.send("chat:typing")
            for client in (two, reader):
                assert [u["username"] for u in (await client.next("chat:typing"))["users"]] == ["viewer"]
                assert await client.silent("chat:typing")
            assert await one.silent("chat:typing")

    story(steps)


def test_small_rooms_see_who_comes_and_goes(dial: Dial, viewer: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("apps.chat.audience.PARTING", 0.1)

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            async with dial(who=viewer) as one:
                assert (await reader.next("chat:user-joined"))["user"]["username"] == "viewer"
                await one.next("chat:history")
                assert await one.silent("chat:user-joined"), "nobody is told of themselves"
                async with dial(who=viewer):
                    assert await reader.silent("chat:user-joined"), "a second tab is nobody new"
            assert (await reader.next("chat:user-left"))["user"]["username"] == "viewer"

    story(steps)


def test_viewers_are_counted_a_browser_once(dial: Dial, channel: Channel) -> None:
    path = f"/ws/channels/{channel.slug}"
    tab = {"cookie": "a=b; viewer=0123456789abcdef"}

    async def steps() -> None:
        async with dial(headers=tab), dial(headers=tab), dial(f"{path}?viewer=phone12345") as phone:
            assert (await phone.next("viewers:updated"))["count"] == 2
            async with dial(f"{path}?watch=0") as popout:
                assert (await popout.next("viewers:updated"))["count"] == 2
            await phone.send("stream:leave")
            assert (await phone.next("viewers:updated", 9))["count"] == 1

    story(steps)


def test_the_room_hears_what_is_pushed_to_it(dial: Dial, channel: Channel) -> None:
    async def steps() -> None:
        async with dial() as client:
            await client.next("chat:history")
            event = frame("stream:ended", {"streamId": "x"})
            await in_thread(push, topic=topic("room", channel.pk), event=event)
            assert await client.next("stream:ended") == {"streamId": "x"}

    story(steps)


def test_the_dashboard_is_for_the_crew(dial: Dial, channel: Channel, streamer: User, stranger: User) -> None:
    path = f"/ws/dashboard/{channel.slug}"

    async def steps() -> None:
        async with dial(path, who=stranger) as client:
            assert await client.closed() == 4403
        async with dial(path, who=streamer) as client:
            await client.send("ping")
            await client.next("pong")
            event = frame("stream:health-update", {"fps": 30})
            await in_thread(push, topic=topic("dashboard", channel.pk), event=event)
            assert await client.next("stream:health-update") == {"fps": 30}
            await client.send("chat:send", content="hi", nonce="n")
            assert (await client.next("error"))["code"] == "UNKNOWN_TYPE"

    story(steps)


def test_an_account_that_was_closed_can_no_longer_write(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.sockets.SPEAKER_SECONDS", 0.0)

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.next("chat:history")
            await in_thread(User.objects.filter(pk=viewer.pk).update, is_active=False)
            await client.send("chat:send", content="hi", nonce="n")
            assert await client.closed() == 4403

    story(steps)
    assert not Message.objects.exists()


def test_a_full_writer_says_busy_instead_of_buffering_on(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.writer.WAITING_MOST", 0)

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", content="hi", nonce="n")
            error = await client.next("chat:error")
            assert (error["code"], error["nonce"]) == ("BUSY", "n")
            assert error["retryAfter"] > 0

    story(steps)


def test_every_frame_carries_the_envelope(dial: Dial, viewer: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", content="hi", nonce="n")
            await client.next("chat:message")
            await asyncio.sleep(0)
            for seen in client.frames:
                assert set(seen) == {"type", "payload", "timestamp"}
                assert seen["timestamp"].endswith("Z")

    story(steps)
    assert settings.CHAT_RATE == "5/10", "the limit of the contract"
