"""Cloudflare Stream: live inputs, and its two kinds of webhooks.

That an input connects is told by the account's Notifications, which carry a shared secret (`cf-webhook-auth`)
and no signature; that a recording is ready is told by Stream's own webhook, which is signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.core.errors import Invalid

from .http import Api
from .payloads import identifier, milliseconds, moment, parsed, text
from .ports import Event, Happening, InputGone, NewInput, SignatureWrong
from .signatures import verify, verify_token

_HAPPENINGS = {
    "live_input.connected": Happening.STARTED,
    "live_input.disconnected": Happening.AWAY,
    "live_input.errored": Happening.REFUSED,
}


@dataclass(frozen=True, slots=True)
class Cloudflare:
    """`host` is the account's own name for viewers, customer-….cloudflarestream.com."""

    api: Api
    lifecycle: Api
    account_id: str
    play_base: str
    webhook_secret: str = field(repr=False)
    notification_secret: str = field(repr=False)
    grace_seconds: int

    name = "cloudflare"
    title = "Cloudflare Stream"

    def create_input(self, label: str) -> NewInput:
        # "automatic" makes the picture playable at all, and recorded; the time-out keeps one who comes back
        # in the same video.
        recording = {"mode": "automatic", "timeoutSeconds": self.grace_seconds}
        answer = self.api.call("POST", self._path(), {"meta": {"name": label}, "recording": recording})
        made = self._result(answer)
        try:
            uid, door = identifier(made, "uid"), made["rtmps"]
            return NewInput(uid, uid, text(door, "url").rstrip("/"), text(door, "streamKey"))
        except (KeyError, TypeError, ValueError):
            raise self.api.strange("live_inputs") from None

    def rotate_key(self, external_id: str) -> str:
        made = self._result(self.api.call("POST", self._path(external_id, "rotate_keys")))
        try:
            return text(made["rtmps"], "streamKey")
        except (KeyError, TypeError, ValueError):
            raise self.api.strange("rotate_keys") from None

    def open_input(self, external_id: str) -> None:
        self.api.call("PUT", self._path(external_id), {"enabled": True})

    def shut_input(self, external_id: str) -> None:
        self.api.call("PUT", self._path(external_id), {"enabled": False})

    def delete_input(self, external_id: str) -> None:
        try:
            self.api.call("DELETE", self._path(external_id))
        except InputGone:
            return

    def is_live(self, external_id: str) -> bool:
        answer = self.lifecycle.call("GET", f"/{external_id}/lifecycle")
        if not isinstance(answer, dict) or not isinstance(answer.get("live"), bool):
            raise self.api.strange("lifecycle")
        return bool(answer["live"])

    def playback_url(self, playback_id: str) -> str:
        return f"{self.play_base}/{playback_id}/manifest/video.m3u8"

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: float) -> Event | None:
        if signature := headers.get("Webhook-Signature"):
            verify(
                signature,
                body=body,
                secret=self.webhook_secret,
                now=now,
                time_field="time",
                signature_field="sig1",
            )
            return _video(parsed(body))
        if token := headers.get("Cf-Webhook-Auth"):
            verify_token(token, secret=self.notification_secret)
            return _notification(parsed(body))
        raise SignatureWrong("there is neither Webhook-Signature nor cf-webhook-auth.")

    def _path(self, *parts: str) -> str:
        return "/".join([f"/accounts/{self.account_id}/stream/live_inputs", *parts])

    def _result(self, answer: Any) -> dict[str, Any]:
        result = answer.get("result") if isinstance(answer, dict) else None
        if not isinstance(result, dict):
            raise self.api.strange("live_inputs")
        return result


def refusal_words(answer: Any) -> str:
    """What a refusal of this API says: `{"success": false, "errors": [{"code": 10005, "message": "…"}]}`."""
    return " ".join(str(error["message"]) for error in answer["errors"])


def _notification(told: dict[str, Any]) -> Event | None:
    """Of the account's Notifications: `data.event_type` at `data.updated_at`. Others, and the greeting that
    is sent when a destination is made, are of no concern."""
    data = told.get("data")
    what = _HAPPENINGS.get(str(data.get("event_type"))) if isinstance(data, dict) else None
    if what is None or not isinstance(data, dict):
        return None
    try:
        stamp, input_id = text(data, "updated_at"), identifier(data, "input_id")
        at = moment(stamp)
    except (KeyError, ValueError):
        raise Invalid("This notification lacks updated_at or input_id.", code="NO_EVENT") from None
    code = message = ""
    if what is Happening.REFUSED:
        told_of = data.get("live_input_errored")
        error = told_of.get("error") if isinstance(told_of, dict) else None
        if isinstance(error, dict):
            code, message = str(error.get("code", ""))[:40], str(error.get("message", ""))[:300]
    # There is no id. The stamp has nanoseconds, which our times have not.
    return Event(what, input_id, at, f"{stamp} {data['event_type']}", code, message)


def _video(told: dict[str, Any]) -> Event | None:
    """Of a video that was processed: one that came from a live input and can be played."""
    status, input_id = told.get("status"), told.get("liveInput")
    ready = isinstance(status, dict) and status.get("state") == "ready" and told.get("readyToStream") is True
    if not ready or not isinstance(input_id, str) or not input_id:
        return None
    try:
        uid, began_at = identifier(told, "uid"), moment(text(told, "created"))
        duration_ms = milliseconds(told["duration"])
    except (KeyError, TypeError, ValueError):
        raise Invalid("This video lacks uid, created or duration.", code="NO_EVENT") from None
    return _recorded(input_id, uid, began_at, duration_ms)


def _recorded(input_id: str, uid: str, began_at: datetime, duration_ms: int) -> Event:
    return Event(Happening.RECORDED, input_id, began_at, uid, playback_id=uid, duration_ms=duration_ms)
