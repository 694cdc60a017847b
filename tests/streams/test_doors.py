"""Which doors are open, and what is told of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from apps.streams.ingest import make_node
from tests.pages.conftest import browser_of
from tests.stack.services import free_port
from tests.streams.media.conftest import write_pem


@pytest.mark.parametrize("page", ["", "/rehearsal"])
def test_the_dashboard_shows_the_doors_that_are_open_and_no_other(channel, settings, page):
    owner = browser_of(channel.owner)
    closed = owner.get(f"/dashboard/{channel.slug}{page}").content.decode()
    assert "rtmp://testserver/live" in closed
    assert "rtmps://" not in closed and "srt://" not in closed
    settings.RTMPS_CERTIFICATE, settings.SRT_PORT = "chain.pem", 8890
    opened = owner.get(f"/dashboard/{channel.slug}{page}").content.decode()
    assert "rtmps://testserver:1936/live" in opened and "srt://testserver:8890" in opened


def opened_ports() -> tuple[int, int]:
    async def start() -> tuple[int, int]:
        node = make_node(host="127.0.0.1", rtmp_port=0)
        await node.start()
        await node.stop()
        return node.listeners.rtmps_port, node.listeners.srt_port

    return asyncio.run(start())


def test_a_node_opens_what_the_settings_say(settings, tmp_path: Path):
    assert opened_ports() == (0, 0)
    settings.RTMPS_CERTIFICATE = settings.RTMPS_KEY = str(write_pem(tmp_path / "chain.pem"))
    settings.RTMPS_PORT = settings.SRT_PORT = port = free_port()
    assert opened_ports() == (port, port)


def test_a_certificate_that_cannot_be_used_stops_the_node_and_says_so(settings, tmp_path: Path):
    settings.RTMPS_CERTIFICATE = settings.RTMPS_KEY = str(tmp_path / "missing.pem")
    with pytest.raises(OSError, match=r"the door for RTMPS does not open: .*missing\.pem"):
        opened_ports()
