"""The page of an encoder's test: its key, and the verdict as it is kept."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from apps.channels.models import Channel
from apps.streams import services
from apps.streams.media import Sample
from apps.streams.models import Rehearsal, StreamKey
from apps.streams.monitors import shown_verdict
from apps.streams.vitals import Monitor
from tests.streams.vitals.samples import good, watched

PAGE = "/dashboard/night-shift/rehearsal"
KEY = re.compile(r"test_[0-9a-f]{40}")
TEST = StreamKey.Kind.REHEARSAL


def text_of(response: object) -> str:
    return html.unescape(response.content.decode())  # type: ignore[attr-defined]


@pytest.fixture
def rehearsal(channel: Channel) -> Rehearsal:
    key = services.reveal_key(actor=channel.owner, channel=channel, kind=TEST)
    begun = services.claim_publish(
        key=key, session_id="test", node="n", address="::1", silent_for=lambda stream_id: None
    )
    assert isinstance(begun, Rehearsal)
    return begun


def test_the_test_key_is_hidden_until_asked_for_and_never_cached(channel: Channel, owner: Client) -> None:
    key = services.reveal_key(actor=channel.owner, channel=channel, kind=TEST)
    assert not KEY.search(text_of(owner.get(PAGE)))
    shown = owner.post(f"{PAGE}/key")
    assert KEY.search(text_of(shown)).group() == key  # type: ignore[union-attr]
    assert "no-store" in shown.headers["Cache-Control"]
    rotated = text_of(owner.post(f"{PAGE}/key/rotate"))
    assert KEY.search(rotated).group() != key  # type: ignore[union-attr]
    assert "The old one has stopped working" in rotated


def test_before_a_test_the_page_says_what_to_do(channel: Channel, owner: Client) -> None:
    page = text_of(owner.get(PAGE))
    assert 'data-grade=""' in page
    assert "No test yet" in page
    assert "/live/" not in page.split("data-player")[1].split(">")[0]


def test_the_last_verdict_stays_on_the_page(channel: Channel, owner: Client, rehearsal: Rehearsal) -> None:
    monitor = watched(good(20, keyframe_max_ms=8333, keyframe_min_ms=8333))
    services.note_verdict(rehearsal_id=rehearsal.pk, verdict=shown_verdict(monitor.verdict()))
    services.show_rehearsal(rehearsal_id=rehearsal.pk, session_id="test")
    running = text_of(owner.get(PAGE))
    assert f"/rehearsal-{rehearsal.pk.hex}/index.m3u8" in running
    services.end_rehearsal(rehearsal_id=rehearsal.pk, session_id="test")
    page = text_of(owner.get(PAGE))
    assert f"/rehearsal-{rehearsal.pk.hex}/index.m3u8" not in page
    assert 'data-verdict data-grade="warning"' in page
    assert "Keyframes are 8.3 s apart" in page
    assert "Set the keyframe interval to 2 s" in page


def test_the_page_has_a_line_for_every_topic_of_a_verdict(channel: Channel, owner: Client) -> None:
    monitor = Monitor()
    monitor.take(Sample(at=1.0, seconds=1.0, session_id="one"))
    monitor.judge()
    topics = {str(finding.topic) for finding in monitor.verdict().findings}
    assert set(re.findall(r'data-topic="(\w+)"', text_of(owner.get(PAGE)))) == topics
