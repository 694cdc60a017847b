"""Ingest nodes register themselves, and a stream is found on the one that it runs on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.streams import services
from apps.streams.ingest import make_node, own_url
from apps.streams.models import Node, StreamKey
from apps.streams.services.rehearsals import stream_id_of
from tests import factories

pytestmark = pytest.mark.django_db


def beat(name="ingest-1", url="http://10.0.0.1:8200", streams=0, viewers=0):
    services.register_node(
        services.Heartbeat(name, url, "", timezone.now(), streams=streams, viewers=viewers)
    )


def fall_silent(name, *, seconds):
    Node.objects.filter(name=name).update(seen_at=timezone.now() - timedelta(seconds=seconds))


def test_a_node_is_one_row_that_knows_its_load(django_assert_num_queries):
    beat()
    with django_assert_num_queries(1):
        beat(url="http://10.0.0.2:8200", streams=3, viewers=40)
    node = Node.objects.get()
    assert (node.name, node.url, node.streams, node.viewers) == ("ingest-1", "http://10.0.0.2:8200", 3, 40)
    assert node.is_up


def test_a_stream_is_found_where_its_encoder_was_admitted_last(channel, django_assert_num_queries):
    beat("ingest-1", "http://one")
    beat("ingest-2", "http://two")
    broadcast = factories.publishing(channel, node="ingest-1")
    with django_assert_num_queries(1):
        assert services.node_url(broadcast.pk.hex) == "http://one"
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="session-1")
    factories.publishing(channel, session="session-2", node="ingest-2")
    assert services.node_url(broadcast.pk.hex) == "http://two"


def test_a_rehearsal_is_found_too(channel, streamer):
    beat("ingest-1", "http://one")
    key = services.reveal_key(actor=streamer, channel=channel, kind=StreamKey.Kind.REHEARSAL)
    rehearsal = services.claim_publish(
        key=key, session_id="s", node="ingest-1", address="10.1.2.3", silent_for=lambda stream_id: None
    )
    assert services.node_url(stream_id_of(rehearsal)) == "http://one"


def test_a_node_that_fell_silent_has_no_streams(channel):
    beat()
    broadcast = factories.publishing(channel, node="ingest-1")
    fall_silent("ingest-1", seconds=16)
    assert services.node_url(broadcast.pk.hex) is None
    beat()
    assert services.node_url(broadcast.pk.hex) is not None


@pytest.mark.parametrize("name", ["", "nonsense", "rehearsal-", "rehearsal-x", "0" * 32])
def test_what_is_no_stream_is_nowhere(name):
    beat()
    assert services.node_url(name) is None


def test_a_node_that_is_gone_for_good_is_forgotten():
    beat("ingest-1")
    beat("ingest-2")
    fall_silent("ingest-1", seconds=25 * 3600)
    assert services.forget_nodes() == 1
    assert Node.objects.get().name == "ingest-2"


def test_a_node_tells_an_address_that_others_can_use(settings, monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "box")
    assert own_url("0.0.0.0", 8200) == "http://box:8200"
    assert own_url("10.0.0.7", 8200) == "http://10.0.0.7:8200"
    assert own_url("fd00::7", 8200) == "http://[fd00::7]:8200"
    settings.NODE_URL = "https://ingest-1.internal"
    assert own_url("0.0.0.0", 8200) == "https://ingest-1.internal"


def test_a_machine_s_long_name_is_cut_where_it_is_like_others(monkeypatch):
    names = set()
    for last in "ab":
        monkeypatch.setattr("socket.gethostname", lambda last=last: "x" * 62 + last)
        names.add(make_node(rtmp_port=19350).config.name)
    assert len(names) == 2 and max(map(len, names)) <= Node._meta.get_field("name").max_length
