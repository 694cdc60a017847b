"""Cloudflare Stream: live inputs of its API, their public state, its account's notifications, its webhook.

Not covered: the list of an input's videos, signed playback, quotas, SRT and WebRTC, how late notifications
come, media (there is nothing to play). The formats are those of developers.cloudflare.com.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any

from .mux import Webhook
from .service import Answer, Asked, FakeService

ACCOUNT, TOKEN = "023e105f4ecef8ad9ca31a8372d0c353", "cloudflare-token"
WEBHOOK_SECRET, NOTIFICATION_SECRET = "85011ed3a913c6ad5f9cf6c5573cc0a7", "notification-secret"
HOST = "customer-f33zs165nr7gyfy4.cloudflarestream.com"
_ROOT = f"/accounts/{ACCOUNT}/stream/live_inputs"
SETTINGS = {
    "STREAM_PROVIDER": "cloudflare",
    "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
    "CLOUDFLARE_API_TOKEN": TOKEN,
    "CLOUDFLARE_STREAM_HOST": HOST,
    "CLOUDFLARE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "CLOUDFLARE_NOTIFICATION_SECRET": NOTIFICATION_SECRET,
}


@dataclass
class FakeCloudflare(FakeService):
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    live: set[str] = field(default_factory=set)
    _made: int = 0

    def answer(self, asked: Asked) -> Answer:
        if asked.path.endswith("/lifecycle"):
            name = asked.path.strip("/").split("/")[0]
            video = f"video-of-{name}" if name in self.live else None
            return 200, {"isInput": True, "videoUID": video, "live": name in self.live}
        if asked.authorization != f"Bearer {TOKEN}":
            return 403, _refused(10000, "Authentication error")
        if (asked.method, asked.path) == ("POST", _ROOT):
            return 200, _told(self._make(asked.body))
        name, _, deed = asked.path.removeprefix(f"{_ROOT}/").partition("/")
        made = self.streams.get(name)
        if made is None:
            return 404, _refused(10003, "not found")
        match asked.method, deed:
            case "PUT", "":
                made.update(asked.body)
                return 200, _told(made)
            case "DELETE", "":
                del self.streams[name]
                return 200, None
            case "POST", "rotate_keys":
                made["rtmps"] = self._rtmps(name)
                return 200, _told(made)
        return 405, _refused(10005, "method not allowed")

    def set_live(self, name: str, live: bool) -> None:
        (self.live.add if live else self.live.discard)(name)

    def started(self, name: str, at: float | None = None, id: str = "") -> Webhook:
        return notification("live_input.connected", name, at)

    def stopped(self, name: str, at: float | None = None, id: str = "") -> Webhook:
        return notification("live_input.disconnected", name, at)

    def errored(self, name: str, code: str, message: str) -> Webhook:
        error = {"error": {"code": code, "message": message}, "video_codec": "", "audio_codec": ""}
        return notification("live_input.errored", name, None, live_input_errored=error)

    def recorded(self, name: str, began_at: float, seconds: float, asset: str = "asset-1") -> Webhook:
        address = f"https://{HOST}/{asset}-playback"
        told = {
            "uid": f"{asset}-playback",
            "creator": None,
            "readyToStream": True,
            "status": {
                "state": "ready",
                "pctComplete": "100.000000",
                "errorReasonCode": "",
                "errorReasonText": "",
            },
            "meta": {"name": "Stream Live Test 23 Sep 21 05:44 UTC"},
            "created": _stamp(began_at),
            "modified": _stamp(began_at + seconds),
            "duration": seconds,
            "input": {"width": 1280, "height": 720},
            "playback": {"hls": f"{address}/manifest/video.m3u8", "dash": f"{address}/manifest/video.mpd"},
            "liveInput": name,
            "watermark": None,
        }
        return signed(json.dumps(told).encode())

    def _rtmps(self, name: str) -> dict[str, str]:
        self._made += 1
        return {
            "url": "rtmps://live.cloudflare.com:443/live/",
            "streamKey": f"MTQ0MTcjM3MjI1N{self._made}{name}",
        }

    def _make(self, wanted: dict[str, Any]) -> dict[str, Any]:
        name = hashlib.md5(str(self._made).encode()).hexdigest()
        self.streams[name] = {
            "uid": name,
            "rtmps": self._rtmps(name),
            "created": _stamp(time.time()),
            "modified": _stamp(time.time()),
            "meta": wanted.get("meta", {}),
            "status": None,
            "recording": {"mode": "off", "requireSignedURLs": False, "allowedOrigins": None}
            | wanted["recording"],
            "enabled": True,
            "deleteRecordingAfterDays": None,
            "preferLowLatency": False,
        }
        return self.streams[name]


def notification(kind: str, name: str, at: float | None, **more: Any) -> Webhook:
    at = time.time() if at is None else at
    data = {
        "notification_name": "Stream Live Input",
        "input_id": name,
        "event_type": kind,
        "updated_at": _stamp(at),
    }
    told = {
        "name": "Live Webhook Test",
        "text": f"Notification type: Stream Live Input\nInput ID: {name}\nEvent type: {kind}",
        "data": data | more,
        "ts": int(at),
    }
    return Webhook(json.dumps(told).encode(), {"cf-webhook-auth": NOTIFICATION_SECRET})


def signed(body: bytes, *, at: float | None = None, secret: str = WEBHOOK_SECRET) -> Webhook:
    stamp = str(int(time.time() if at is None else at))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return Webhook(body, {"Webhook-Signature": f"time={stamp},sig1={signature}"})


def _told(result: dict[str, Any]) -> dict[str, Any]:
    return {"result": result, "success": True, "errors": [], "messages": []}


def _refused(code: int, message: str) -> dict[str, Any]:
    return {"result": None, "success": False, "errors": [{"code": code, "message": message}], "messages": []}


def _stamp(at: float) -> str:
    """With nine digits, as the service writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e9):09d}Z"
