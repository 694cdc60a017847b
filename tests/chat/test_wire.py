"""The protocol's frames: what is taken, what is refused and how, and that its page tells the truth."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.chat import wire
from apps.chat.docs import realtime_page
from apps.chat.sockets import ROOM, flood_most
from apps.core.errors import Invalid
from apps.core.realtime.closing import MEANING, Close
from tests.properties import MANY

ROOT = Path(__file__).resolve().parents[2]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def test_a_message_to_send_is_read_as_it_was_written() -> None:
    answered = uuid.uuid4()
    frame = wire.Send.parse({"content": " hi ", "nonce": "n1", "replyTo": str(answered), "unknown": 1})
    assert (frame.content, frame.nonce, frame.reply_to) == (" hi ", "n1", answered)


@pytest.mark.parametrize(
    ("parse", "payload", "field"),
    [
        (wire.Send.parse, {"nonce": "n"}, "content"),
        (wire.Send.parse, {"content": 5, "nonce": "n"}, "content"),
        (wire.Send.parse, {"content": "x" * 9000, "nonce": "n"}, "content"),
        (wire.Send.parse, {"content": "hi"}, "nonce"),
        (wire.Send.parse, {"content": "hi", "nonce": ""}, "nonce"),
        (wire.Send.parse, {"content": "hi", "nonce": "n" * 65}, "nonce"),
        (wire.Send.parse, {"content": "hi", "nonce": "a\x00b"}, "nonce"),
        (wire.Send.parse, {"content": "hi", "nonce": "n", "replyTo": "12"}, "replyTo"),
        (wire.Send.parse, {"content": "hi", "nonce": "n", "replyTo": 12}, "replyTo"),
        (wire.Delete.parse, {}, "id"),
        (wire.Delete.parse, {"id": ["x"]}, "id"),
        (wire.History.parse, {"after": -1}, "after"),
        (wire.History.parse, {"after": True}, "after"),
        (wire.History.parse, {"after": 1.5}, "after"),
        (wire.History.parse, {"after": 2**63}, "after"),
    ],
)
def test_a_wrong_field_is_named_with_its_rule(parse: Any, payload: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse(payload)
    assert list(refusal.value.fields) == [field]
    assert field in refusal.value.message


@MANY
@given(st.sampled_from(wire.CLIENT_FRAMES), st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_no_payload_does_more_than_be_refused(frame: Any, payload: dict[str, Any]) -> None:
    with contextlib.suppress(Invalid):
        frame.parse(payload)


def test_every_frame_a_client_may_send_has_an_action() -> None:
    assert {type: action.parse for type, action in ROOM.actions.items()} == {
        frame.type: frame.parse for frame in wire.CLIENT_FRAMES
    }


def test_every_close_code_is_explained() -> None:
    assert set(MEANING) == set(Close)


def test_the_page_of_the_protocol_is_up_to_date() -> None:
    written = (ROOT / "docs" / "realtime.md").read_text()
    assert written == realtime_page(), "run: manage.py realtime_docs"


def test_the_flood_guard_is_above_what_an_honest_client_may_send() -> None:
    assert flood_most("5/10") == 100
    assert flood_most("1000/10") == 4000
    assert flood_most("100000/10") == 400_000
