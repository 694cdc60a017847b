"""Who sits at a channel's dashboard, and what they hear there."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

import pytest

from apps.accounts.models import User
from apps.channels import services as channels
from apps.channels.models import Channel, ChannelRole, topic
from apps.channels.roles import Power, Role
from apps.chat.dashboards import Dashboards
from apps.chat.identity import powers_here
from apps.chat.models import Rulebook
from apps.core.realtime import frame, push
from apps.core.realtime.connection import Connection
from apps.core.realtime.hub import HOUSEKEEPING_SECONDS, Hub
from apps.core.realtime.topic import Topic
from apps.moderation import services as moderation
from apps.moderation.models import Report
from apps.streams import services as streams
from apps.streams.realtime import what_is_on
from tests import factories

from .conftest import Dial, in_thread, story

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_role_that_is_taken_closes_the_dashboard_and_takes_the_powers(
    dial: Dial, channel: Channel, streamer: User, moderator: User
) -> None:
    async def steps() -> None:
        desk = dial(f"/ws/dashboard/{channel.slug}", who=moderator)
        async with dial(who=moderator) as client, desk as crew:
            assert (await client.next("chat:you"))["role"] == "moderator"
            await crew.send("ping")
            await crew.next("pong")
            await in_thread(channels.remove_helper, actor=streamer, channel=channel, user=moderator)
            assert await crew.closed() == 4403
            assert (await client.next("chat:you"))["powers"] == []

    story(steps)


def test_a_role_that_is_taken_while_notes_are_lost_closes_the_dashboard_too(
    dial: Dial, channel: Channel, moderator: User
) -> None:
    Rulebook.objects.turn(channel.pk)

    async def steps() -> None:
        async with dial(f"/ws/dashboard/{channel.slug}", who=moderator) as crew:
            await crew.send("ping")
            await crew.next("pong")
            async with asyncio.timeout(HOUSEKEEPING_SECONDS + 2):
                while channel.pk not in Dashboards.here()._versions:  # the version as it was
                    await asyncio.sleep(0.05)
            await in_thread(lose_the_role)
            assert await crew.closed() == 4403

    def lose_the_role() -> None:
        ChannelRole.objects.filter(user=moderator, role=Role.MODERATOR).delete()
        Rulebook.objects.turn(channel.pk)

    story(steps)


def test_an_editor_s_dashboard_hears_nothing_of_moderation(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    editor = factories.person("editor")
    ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    path = f"/ws/dashboard/{channel.slug}"

    async def steps() -> None:
        async with dial(path, who=editor) as theirs, dial(path, who=moderator) as crew:
            for client in (theirs, crew):
                await client.send("ping")
                await client.next("pong")
            await in_thread(moderation.ban, actor=moderator, channel=channel, user=viewer)
            entry = (await crew.next("moderation:action"))["entry"]
            assert (entry["action"], entry["subject"]["username"]) == ("person.ban", "viewer")
            report = await in_thread(make_report)
            assert (await crew.next("moderation:report"))["report"]["id"] == str(report.pk)
            plea = await in_thread(
                moderation.request_unban, actor=viewer, channel=channel, text="I will behave"
            )
            assert (await crew.next("moderation:unban-request"))["request"]["id"] == str(plea.pk)
            await in_thread(moderation.lift_sanction, actor=moderator, channel=channel, user=viewer)
            event = frame("stream:health-update", {"fps": 30})
            await in_thread(push, topic=topic("dashboard", channel.pk), event=event)
            assert await theirs.next("stream:updated") == {"stream": None}, "what was on as they came"
            assert await theirs.next("stream:health-update") == {"fps": 30}
            assert not theirs.frames
            assert await crew.silent("stream:health-update")

    def make_report() -> Report:
        return moderation.report(
            actor=viewer, kind="person", subject_id=editor.pk, channel=channel, reason="spam"
        )

    story(steps)


def test_who_comes_hears_what_is_on_and_nothing_older_after_it(
    dial: Dial, channel: Channel, streamer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when a broadcast begins between the reading and the telling of it."""
    told: list[dict[str, Any]] = []

    async def steps() -> None:
        desk = Hub.here().topics

        def read_then_announce(channel_id: uuid.UUID) -> dict[str, Any]:
            told.append(what_is_on(channel_id))
            if len(told) == 1:
                before = desk[topic("dashboard", channel_id)].end
                streams.open_broadcast(actor=streamer, channel=channel, title="First light")
                while desk[topic("dashboard", channel_id)].end == before:
                    time.sleep(0.01)
            return told[-1]

        monkeypatch.setattr("apps.chat.dashboards.what_is_on", read_then_announce)
        async with dial(f"/ws/dashboard/{channel.slug}", who=streamer) as crew:
            await crew.send("ping")
            await crew.next("pong")
            heard = [frame["payload"]["stream"] for frame in crew.frames if frame["type"] == "stream:updated"]
        assert told[0] == {"stream": None}
        assert [stream["title"] for stream in heard] == ["First light"] * 2

    story(steps)


def test_a_role_that_is_taken_while_its_person_comes_in_closes_the_dashboard(
    dial: Dial, channel: Channel, streamer: User, moderator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the powers were read, before any topic was joined that would bring the note."""

    def powers_then_removal(user_id: uuid.UUID, channel: Channel) -> frozenset[Power]:
        powers = powers_here(user_id, channel)
        if powers:
            channels.remove_helper(actor=streamer, channel=channel, user=moderator)
        return powers

    monkeypatch.setattr("apps.chat.dashboards.powers_here", powers_then_removal)

    async def steps() -> None:
        async with dial(f"/ws/dashboard/{channel.slug}", who=moderator) as crew:
            assert await crew.closed() == 4403

    story(steps)


def test_who_leaves_while_a_topic_is_joined_for_them_is_not_left_in_it(
    dial: Dial, channel: Channel, moderator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = factories.person("editor")
    role = ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    name = topic("moderation", channel.pk)
    arrive = Hub.arrive

    async def steps() -> None:
        is_there, goes_on = asyncio.Event(), asyncio.Event()

        async def arrive_slowly(hub: Hub, asked: str, connection: Connection) -> Topic:
            found = await arrive(hub, asked, connection)
            if asked == name and connection.person_id == str(editor.pk):
                is_there.set()
                await goes_on.wait()
            return found

        monkeypatch.setattr(Hub, "arrive", arrive_slowly)
        path = f"/ws/dashboard/{channel.slug}"
        async with dial(path, who=moderator) as stays:
            async with dial(path, who=editor) as leaves:
                for crew in (stays, leaves):
                    await crew.send("ping")
                    await crew.next("pong")
                await in_thread(promote)
                await asyncio.wait_for(is_there.wait(), HOUSEKEEPING_SECONDS + 5)
            async with asyncio.timeout(5):
                while len(Dashboards.here()._visits[channel.pk]) > 1:
                    await asyncio.sleep(0.01)
            goes_on.set()
            await stays.send("ping")  # a turn of the loop, and more
            await stays.next("pong")
            assert len(Hub.here().topics[name]) == 1

    def promote() -> None:
        ChannelRole.objects.filter(pk=role.pk).update(role=Role.MODERATOR)
        Rulebook.objects.turn(channel.pk)

    story(steps)
