"""RTMP behind TLS: the same sessions, and nothing of them before TLS stands."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from apps.streams.media import Certificate, DoorLimits, Egress
from apps.streams.media.rtmp import handshake
from apps.streams.media.rtmp.client import PublishRefused, RtmpPublisher
from tests.streams.media.conftest import FlvMaker, write_pem
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import LiveEncoder, ffmpeg_encoder

IMPATIENT = DoorLimits(handshake_seconds=0.6, goodbye_seconds=0.5, max_connections_per_address=10)


@pytest.fixture
def edge(pem: Path) -> Iterator[Edge]:
    with Edge(limits=IMPATIENT, certificate=Certificate(pem, pem)) as running:
        yield running
        eventually(lambda: running.call(lambda: running.node.listeners.turnstile.guests) == 0)


def anyone() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def dial(edge: Edge) -> socket.socket:
    return socket.create_connection(("127.0.0.1", edge.node.listeners.rtmps_port), timeout=10)


def shown(edge: Edge) -> str:
    """The certificate that the door shows."""
    with anyone().wrap_socket(dial(edge)) as connection:
        return ssl.DER_cert_to_PEM_cert(connection.getpeercert(True) or b"")


def hung_up(connection: socket.socket, *, seconds: float = 5) -> bool:
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_a_foreign_encoder_publishes_behind_tls(edge: Edge, ffmpeg: str) -> None:
    command = (
        f"{ffmpeg} -loglevel warning -re -f lavfi -i testsrc2=s=320x180:r=30 -f lavfi -i sine -t 60 "
        "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 30 -c:a aac"
    )
    with ffmpeg_encoder(edge, command, url=edge.rtmps_url):
        eventually(lambda: edge.gate.lives, seconds=20)
    info = edge.gate.lives[0]
    assert (info.width, info.height, info.audio_codec) == (320, 180, "mp4a.40.2")
    eventually(lambda: edge.gate.interruptions)


def test_a_wrong_key_is_told_behind_tls_too(edge: Edge) -> None:
    async def publish() -> None:
        egress = Egress(allow_private=True, tls=anyone())
        await RtmpPublisher.connect(edge.rtmps_url, "wrong", egress=egress)

    with pytest.raises(PublishRefused, match="This stream key is not valid"):
        asyncio.run(publish())


def test_rtmp_in_the_clear_is_not_taken_at_the_tls_port(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with dial(edge) as connection:
        connection.sendall(handshake.ask(digests=False))
        assert hung_up(connection, seconds=3)
    eventually(lambda: "no TLS" in caplog.text)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_a_handshake_that_does_not_go_on_is_cut(edge: Edge, sent: bytes) -> None:
    with dial(edge) as connection:
        connection.sendall(sent)
        assert hung_up(connection, seconds=3)


def test_who_agrees_on_tls_and_then_says_nothing_is_cut(edge: Edge) -> None:
    with anyone().wrap_socket(dial(edge)) as connection:
        assert hung_up(connection, seconds=3)


def test_connections_count_before_tls_stands_and_with_those_in_the_clear(
    edge: Edge, make_flv: FlvMaker
) -> None:
    encoder = LiveEncoder(edge, make_flv(seconds=20))
    eventually(lambda: edge.gate.lives)
    with ExitStack() as stack:
        silent = [stack.enter_context(dial(edge)) for _ in range(30)]
        refused = sum(hung_up(connection, seconds=0.01) for connection in silent)
        assert refused >= 20
        assert edge.call(lambda: edge.node.listeners.turnstile.guests) <= 10
    assert not edge.gate.interruptions
    encoder.stop()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(edge: Edge) -> None:
    context = anyone()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with dial(edge) as connection, pytest.raises(ssl.SSLError):
        context.wrap_socket(connection)


def test_a_replaced_certificate_is_shown_from_the_next_connection_on(edge: Edge, pem: Path) -> None:
    assert shown(edge) in pem.read_text()
    fresh = write_pem(pem.with_name("fresh.pem"))
    fresh.replace(pem)
    assert shown(edge) in pem.read_text()


def test_a_certificate_without_its_key_does_not_replace_a_good_one(edge: Edge, pem: Path) -> None:
    good = pem.read_text()
    pem.write_text(write_pem(pem.with_name("other.pem")).read_text().partition("-----BEGIN CERT")[0])
    assert shown(edge) in good
    pem.unlink()
    assert shown(edge) in good


def test_without_a_certificate_there_is_no_such_door(pem: Path) -> None:
    with Edge() as edge:
        assert edge.node.listeners.rtmps_port == 0
    pem.write_text("nothing")
    with pytest.raises(OSError, match=r"localhost\.pem cannot be used"):
        Certificate(pem, pem).context()
