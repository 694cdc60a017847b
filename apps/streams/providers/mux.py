"""Mux Video: live streams, and the webhooks of their environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.core.errors import Invalid

from .http import Api
from .payloads import identifier, milliseconds, moment, parsed, text
from .ports import Event, Happening, InputGone, NewInput, SignatureWrong
from .signatures import verify

INGEST_URL = "rtmps://global-live.mux.com:443/app"
# The longest that Mux waits for an encoder to come back, in seconds.
LONGEST_WINDOW = 1800

# Connecting alone shows nobody anything: "active" says that it can be played.
_HAPPENINGS = {
    "video.live_stream.active": Happening.STARTED,
    "video.live_stream.disconnected": Happening.AWAY,
    "video.live_stream.idle": Happening.OVER,
}
_RECORDED = "video.asset.live_stream_completed"


@dataclass(frozen=True, slots=True)
class Mux:
    api: Api
    play_base: str
    webhook_secret: str = field(repr=False)
    grace_seconds: int

    name = "mux"
    title = "Mux"

    def create_input(self, label: str) -> NewInput:
        policy = ["public"]
        wanted = {
            "playback_policies": policy,
            "new_asset_settings": {"playback_policies": policy},
            "latency_mode": "low",
            "reconnect_window": min(self.grace_seconds, LONGEST_WINDOW),
            "passthrough": label[:255],
        }
        made = self._data(self.api.call("POST", _path(), wanted))
        try:
            playback_id = identifier(made["playback_ids"][0], "id")
            return NewInput(identifier(made, "id"), playback_id, INGEST_URL, text(made, "stream_key"))
        except (KeyError, IndexError, TypeError, ValueError):
            raise self.api.strange("live-streams") from None

    def rotate_key(self, external_id: str) -> str:
        made = self._data(self.api.call("POST", _path(external_id, "reset-stream-key")))
        try:
            return text(made, "stream_key")
        except (KeyError, ValueError):
            raise self.api.strange("reset-stream-key") from None

    def open_input(self, external_id: str) -> None:
        self.api.call("PUT", _path(external_id, "enable"))

    def shut_input(self, external_id: str) -> None:
        self.api.call("PUT", _path(external_id, "disable"))

    def delete_input(self, external_id: str) -> None:
        try:
            self.api.call("DELETE", _path(external_id))
        except InputGone:
            return

    def is_live(self, external_id: str) -> bool:
        return self._data(self.api.call("GET", _path(external_id))).get("status") == "active"

    def playback_url(self, playback_id: str) -> str:
        return f"{self.play_base}/{playback_id}.m3u8"

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> Event | None:
        signature = headers.get("Mux-Signature")
        if not signature:
            raise SignatureWrong("there is no Mux-Signature.")
        verify(
            signature, body=body, secret=self.webhook_secret, now=now, time_field="t", signature_field="v1"
        )
        told = parsed(body)
        kind, data = told.get("type"), told.get("data")
        try:
            if kind == _RECORDED and isinstance(data, dict):
                return _recorded(data)
            if kind in _HAPPENINGS and isinstance(data, dict):
                at = moment(told["created_at"])
                return Event(_HAPPENINGS[str(kind)], identifier(data, "id"), at, text(told, "id"))
        except (KeyError, IndexError, TypeError, ValueError):
            raise Invalid("This event lacks a field that its type has.", code="NO_EVENT") from None
        return None

    def _data(self, answer: Any) -> dict[str, Any]:
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict):
            raise self.api.strange("live-streams")
        return data


def refusal_words(answer: Any) -> str:
    """What a refusal of this API says: `{"error": {"type": "…", "messages": ["…"]}}`."""
    return " ".join(str(message) for message in answer["error"]["messages"])


def _recorded(asset: dict[str, Any]) -> Event:
    return Event(
        Happening.RECORDED,
        identifier(asset, "live_stream_id"),
        moment(asset["created_at"]),
        text(asset, "id"),
        playback_id=identifier(asset["playback_ids"][0], "id"),
        duration_ms=milliseconds(asset["duration"]),
    )


def _path(*parts: str) -> str:
    return "/".join(["/video/v1/live-streams", *parts])
