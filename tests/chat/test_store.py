"""Storing messages: dense numbers, one message a nonce, whoever writes and whatever fails.

One contract, every store that this database has.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import store
from apps.chat.models import ChatRoom, Message
from apps.chat.payloads import parent_payload
from apps.chat.store import Draft, Receipt
from apps.core.errors import DomainError, NotFound, Unavailable
from apps.core.ids import uuid7
from apps.moderation.models import Sanction
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

STORES = ["orm", "own"]  # "own": what a socket process uses on this database


def on_store(kind: str, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
    """Run `work(append)` on a loop, `append` being that of the store."""

    async def run() -> Any:
        if kind == "orm":
            return await work(lambda *args: asyncio.to_thread(closing, store.append, *args))
        own = store.store_maker()()
        try:
            return await work(own.append)
        finally:
            await own.close()

    return asyncio.run(run())


def closing(call: Callable[..., Any], *args: Any) -> Any:
    try:
        return call(*args)
    finally:
        connection.close()


def draft(user: User, content: str = "hello", nonce: str = "", **more: Any) -> Draft:
    return Draft(uuid7(), user.pk, content, nonce or uuid.uuid4().hex, more.pop("badges", ()), **more)


@pytest.mark.parametrize("kind", STORES)
def test_messages_are_numbered_from_one_in_the_order_of_the_batch(
    kind: str, room: ChatRoom, viewer: User, stranger: User
) -> None:
    batch = [draft(viewer, "a", badges=("vip",)), draft(stranger, "b"), draft(viewer, "c")]

    appended = on_store(kind, lambda append: append(room.pk, batch))

    assert [(r.id, r.seq, r.is_new) for r in appended.outcomes] == [
        (d.id, n, True) for n, d in enumerate(batch, 1)
    ]
    rows = list(Message.objects.order_by("seq"))
    assert [(m.seq, m.content, m.user_id, m.badges) for m in rows] == [
        (1, "a", viewer.pk, ["vip"]),
        (2, "b", stranger.pk, []),
        (3, "c", viewer.pk, []),
    ]
    assert {m.created_at for m in rows} == {appended.created_at}
    room.refresh_from_db()
    assert room.last_seq == 3


@pytest.mark.parametrize("kind", STORES)
def test_the_same_nonce_of_the_same_person_is_the_same_message(
    kind: str, room: ChatRoom, viewer: User, stranger: User
) -> None:
    first = draft(viewer, "once", "n")
    again, theirs = draft(viewer, "twice", "n"), draft(stranger, "mine", "n")

    async def work(append: Any) -> tuple[Any, Any]:
        return await append(room.pk, [first]), await append(room.pk, [again, theirs])

    one, two = on_store(kind, work)
    assert one.outcomes == [Receipt(first.id, 1, True)]
    assert two.outcomes == [Receipt(first.id, 1, False), Receipt(theirs.id, 2, True)]
    assert list(Message.objects.order_by("seq").values_list("content", flat=True)) == ["once", "mine"]


@pytest.mark.parametrize("kind", STORES)
def test_an_answer_belongs_to_a_message_of_the_same_room(
    kind: str, room: ChatRoom, viewer: User, streamer: User
) -> None:
    elsewhere = ChatRoom.objects.create(channel=factories.channel(streamer, "Elsewhere"))
    foreign, here = draft(viewer), draft(viewer)

    async def work(append: Any) -> Any:
        await append(elsewhere.pk, [foreign])
        await append(room.pk, [here])
        return await append(
            room.pk,
            [
                draft(viewer, "to another room", reply_to=foreign.id),
                draft(viewer, "to nothing", reply_to=uuid7()),
                draft(viewer, "to one here", reply_to=here.id),
            ],
        )

    outcomes = on_store(kind, work).outcomes
    assert [getattr(o, "code", None) for o in outcomes] == ["REPLY_NOT_FOUND", "REPLY_NOT_FOUND", None]
    assert outcomes[2].seq == 2, "a refused message takes no number"
    assert Message.objects.get(pk=outcomes[2].id).reply_to_id == here.id


@pytest.mark.parametrize("kind", STORES)
def test_a_message_said_on_air_belongs_to_the_broadcast(
    kind: str, channel: Channel, room: ChatRoom, viewer: User
) -> None:
    broadcast = factories.live(channel)
    appended = on_store(kind, lambda append: append(room.pk, [draft(viewer)]))
    assert appended.broadcast_id == broadcast.pk
    assert Message.objects.get().broadcast_id == broadcast.pk


@pytest.mark.parametrize("kind", STORES)
def test_a_room_that_is_gone_takes_nothing(kind: str, viewer: User) -> None:
    with pytest.raises(NotFound):
        on_store(kind, lambda append: append(uuid7(), [draft(viewer)]))
    assert not Message.objects.exists()


@pytest.mark.parametrize("kind", STORES)
def test_one_draft_that_cannot_be_stored_leaves_nothing_half_done(
    kind: str, room: ChatRoom, viewer: User
) -> None:
    ghost = Draft(uuid7(), uuid7(), "boo", "n", ())
    with pytest.raises(store.Conflicting):
        on_store(kind, lambda append: append(room.pk, [draft(viewer), ghost]))
    assert not Message.objects.exists()
    room.refresh_from_db()
    assert room.last_seq == 0


@pytest.mark.parametrize("kind", STORES)
def test_writers_that_meet_leave_no_hole_and_no_double(kind: str, room: ChatRoom, viewer: User) -> None:
    """Eight writers with overlapping nonces, half of them by the ORM as web processes are."""
    batches = [
        [draft(viewer, f"{n % 60}", f"n{n % 60}") for n in range(at, at + 15)] for at in range(0, 120, 15)
    ]
    outcomes: list[tuple[Draft, Receipt | DomainError]] = []
    lock = threading.Lock()

    def write(batch: list[Draft], kind: str) -> None:
        appended = on_store(kind, lambda append: append(room.pk, batch))
        with lock:
            outcomes.extend(zip(batch, appended.outcomes, strict=True))

    def close_and_write(batch: list[Draft], kind: str) -> None:
        try:
            write(batch, kind)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        jobs = [
            threads.submit(close_and_write, batch, kind if turn % 2 else "orm")
            for turn, batch in enumerate(batches)
        ]
        for job in jobs:
            job.result(60)

    stored = list(Message.objects.order_by("seq"))
    assert [m.seq for m in stored] == list(range(1, 61))
    where = {m.nonce: (m.pk, m.seq) for m in stored}
    for said, receipt in outcomes:
        assert isinstance(receipt, Receipt)
        assert (receipt.id, receipt.seq) == where[said.nonce]
    assert sum(r.is_new for _, r in outcomes if isinstance(r, Receipt)) == 60


def test_postgresql_looks_each_draft_up_however_little_it_knows_of_the_table(
    room: ChatRoom, viewer: User
) -> None:
    """Statistics of an empty table once made every batch read the whole room."""
    if connection.vendor != "postgresql":
        pytest.skip("this is about PostgreSQL's planner")
    people = [User.objects.create_user(username=f"p{n}", email=f"p{n}@example.org") for n in range(200)]
    with connection.cursor() as cursor:
        # Pages that other tests filled would be a hint, too; without FULL they go only while nobody looks.
        cursor.execute("VACUUM (FULL, ANALYZE) chat_message")
    for stored in range(200, 2_000, 200):
        on_store("own", lambda append: append(room.pk, [draft(one) for one in people]))
        plans = asyncio.run(plans_of(room.pk, [draft(viewer) for _ in range(3)]))
        assert "Seq Scan on chat_message" not in plans
        by_person = plans.count("chat_same_nonce_same_message") + plans.count("chat_message_user_id")
        assert by_person == 2, f"with {stored} messages: {plans}"


@pytest.mark.parametrize(
    "given", [{"sslmode": "require"}, {"options": "-c default_transaction_read_only=on"}]
)
def test_postgresql_is_reached_as_the_database_url_says(
    given: dict[str, str], room: ChatRoom, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the store of its own, too: neither can be met, so nothing is stored."""
    if connection.vendor != "postgresql":
        pytest.skip("this is about libpq")
    from apps.chat import store_postgres

    monkeypatch.setattr(store_postgres, "PATIENCE", 1.0)

    async def append() -> None:
        own = store_postgres.PostgresStore({**connection.settings_dict, "OPTIONS": given})
        try:
            await own.append(room.pk, [draft(viewer)])
        finally:
            await own.close()

    with pytest.raises(Unavailable):
        asyncio.run(append())
    assert not Message.objects.exists()


async def plans_of(room_id: uuid.UUID, drafts: list[Draft]) -> str:
    from apps.chat import store_postgres

    own = store_postgres.PostgresStore(connection.settings_dict)
    try:
        return await own.plans(room_id, drafts)
    finally:
        await own.close()


@pytest.mark.parametrize("kind", STORES)
def test_a_reply_belongs_to_the_thread_that_its_conversation_began_with(
    kind: str, room: ChatRoom, viewer: User
) -> None:
    root = draft(viewer, "who plays tonight?")
    on_store(kind, lambda append: append(room.pk, [root]))
    reply = draft(viewer, "we do", reply_to=root.id)
    told = on_store(kind, lambda append: append(room.pk, [reply])).outcomes[0]
    assert told.thread == root.id
    assert told.parent == parent_payload(Message.objects.get(pk=root.id), is_struck=False)

    Sanction.objects.create(channel_id=room.pk, user=viewer, kind="ban")
    quoted = on_store(kind, lambda append: append(room.pk, [draft(viewer, "eh?", reply_to=root.id)]))
    assert quoted.outcomes[0].parent == told.parent | {"content": ""}, "its author is kept out"
    Sanction.objects.update(lifted_at=timezone.now())

    again = draft(viewer, "until late?", reply_to=reply.id)
    shout = draft(viewer, "to all", kind=Message.Kind.ANNOUNCEMENT)
    on_store(kind, lambda append: append(room.pk, [again, shout]))

    told = Message.objects.order_by("seq").values_list("content", "reply_to", "thread", "kind")
    assert list(told) == [
        ("who plays tonight?", None, None, "message"),
        ("we do", root.id, root.id, "message"),
        ("eh?", root.id, root.id, "message"),
        ("until late?", reply.id, root.id, "message"),
        ("to all", None, None, "announcement"),
    ]
