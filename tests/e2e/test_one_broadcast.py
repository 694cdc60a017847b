"""One broadcast whatever the encoder does: whoever watches need not touch anything."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.stack import reader
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack
from tests.stack.studio_encoder import StudioEncoder, footage

from .visitor import Visitor, await_value

RESUMES_WITHIN = 3  # seconds after the picture can be played


def health(owner: Person, stream: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = expect(200, owner.api.get(f"/api/streams/{stream['id']}/health"))
    return told


def width(visitor: Visitor) -> int:
    return visitor.page.locator("video").evaluate("(video) => video.videoWidth")


def test_whatever_the_encoder_does_the_picture_comes_back_by_itself(
    stack: Stack, visit: Callable[..., Visitor]
) -> None:
    owner = sign_up(stack)
    channel = owner.create_channel()
    main_url, backup_url = owner.publish_url(channel), owner.publish_url(channel, "backup-key")
    footage("640x360")
    guest = visit()
    guest.expects_outage = True

    with StudioEncoder(main_url):
        stream = reader.await_live(stack, channel)
        guest.watch(channel["slug"])
        guest.await_picture()
    # Killed: a slate instead of a spinner, until it is back.
    guest.await_player("reconnecting")
    message = guest.page.locator("[data-player-message][data-kind=away]")
    assert "The stream will be back in a moment" in message.inner_text()
    assert reader.status(stack, channel)["stream"]["status"] == "ENDING"
    began = time.monotonic()
    await_value(lambda: time.monotonic() - began, lambda passed: passed > 2)  # a gap worth noting

    with StudioEncoder(main_url) as main:
        assert reader.await_live(stack, channel)["id"] == stream["id"]
        guest.await_picture(seconds=RESUMES_WITHIN)
        assert not message.is_visible()

        # Its output changes in mid-stream.
        main.size = "640x360"
        await_value(lambda: health(owner, stream)["width"], lambda pixels: pixels == 640)
        await_value(lambda: width(guest), lambda pixels: pixels == 640, RESUMES_WITHIN)
        guest.await_picture(seconds=RESUMES_WITHIN)

        with StudioEncoder(backup_url):
            await_value(lambda: health(owner, stream)["standby"], bool)
            # The main encoder freezes: the backup takes over, and nothing ends.
            main.silent.set()
            await_value(lambda: health(owner, stream)["onBackup"], bool)
            await_value(lambda: width(guest), lambda pixels: pixels == 320, RESUMES_WITHIN)
            guest.await_picture(seconds=RESUMES_WITHIN)
            assert "ON_BACKUP" in [alert["code"] for alert in health(owner, stream)["alerts"]]

            # It is back, and gets the broadcast back.
            main.silent.clear()
            await_value(lambda: health(owner, stream)["onBackup"], lambda on_backup: not on_backup)
            await_value(lambda: width(guest), lambda pixels: pixels == 640, RESUMES_WITHIN)
            guest.await_picture(seconds=RESUMES_WITHIN)

            # The viewer's own network is gone for five seconds.
            guest.context.set_offline(True)
            cut_at = time.monotonic()
            await_value(lambda: time.monotonic() - cut_at, lambda passed: passed > 5)
            guest.context.set_offline(False)
            guest.await_picture(seconds=RESUMES_WITHIN)
            assert guest.stream_id() == stream["id"]

            # The crew reads where it was cut; the end ends both.
            told = expect(200, owner.api.get(f"/api/streams/{stream['id']}/gaps"))
            # The drop, and perhaps the freeze, if it was longer than a second until the backup's keyframe.
            assert len(told["data"]) in (1, 2) and 2 < told["data"][0]["seconds"] < 15, told
            expect(200, owner.api.post(f"/api/streams/{stream['id']}/end"))
            guest.await_player("ended", seconds=10)
            assert main.gone.wait(10)
