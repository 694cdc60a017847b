"""Mux Video: the live streams of its API, and its signed events.

Not covered: assets, signed playback, rate limits, simulcast, the order and delay in which events really come,
media (there is nothing to play). The formats are those of docs.mux.com and of Mux's own client libraries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any

from .service import Answer, Asked, FakeService

TOKEN_ID, TOKEN_SECRET, WEBHOOK_SECRET = "mux-token", "mux-secret", "mux-webhook-secret"
_BASIC = "Basic " + base64.b64encode(f"{TOKEN_ID}:{TOKEN_SECRET}".encode()).decode()
_ROOT = "/video/v1/live-streams"
SETTINGS = {
    "STREAM_PROVIDER": "mux",
    "MUX_TOKEN_ID": TOKEN_ID,
    "MUX_TOKEN_SECRET": TOKEN_SECRET,
    "MUX_WEBHOOK_SECRET": WEBHOOK_SECRET,
}


@dataclass
class FakeMux(FakeService):
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    _made: int = 0

    def answer(self, asked: Asked) -> Answer:
        if asked.authorization != _BASIC:
            return 401, {"error": {"type": "unauthorized", "messages": ["Unauthorized request"]}}
        if (asked.method, asked.path) == ("POST", _ROOT):
            return 201, {"data": self._make(asked.body)}
        name, _, deed = asked.path.removeprefix(f"{_ROOT}/").partition("/")
        stream = self.streams.get(name)
        if stream is None:
            text = "The requested resource either doesn't exist or you don't have access to it."
            return 404, {"error": {"type": "not_found", "messages": [text]}}
        match asked.method, deed:
            case "GET", "":
                return 200, {"data": stream}
            case "DELETE", "":
                del self.streams[name]
                return 204, None
            case "PUT", "disable":
                stream["status"] = "disabled"
                return 200, {"data": {}}
            case "PUT", "enable":
                stream["status"] = "idle"
                return 200, {"data": {}}
            case "POST", "reset-stream-key":
                stream["stream_key"] = self._key()
                return 201, {"data": stream}
        return 405, None

    def set_live(self, name: str, live: bool) -> None:
        self.streams[name]["status"] = "active" if live else "idle"

    def started(self, name: str, at: float | None = None, id: str = "") -> Webhook:
        return event("video.live_stream.active", self._stream(name), at, id)

    def stopped(self, name: str, at: float | None = None, id: str = "") -> Webhook:
        return event("video.live_stream.disconnected", self._stream(name), at, id)

    def over(self, name: str, at: float | None = None, id: str = "") -> Webhook:
        return event("video.live_stream.idle", self._stream(name), at, id)

    def recorded(self, name: str, began_at: float, seconds: float, asset: str = "asset-1") -> Webhook:
        data = {
            "id": asset,
            "live_stream_id": name,
            "status": "ready",
            "is_live": False,
            "created_at": str(int(began_at)),
            "duration": seconds,
            "playback_ids": [{"policy": "public", "id": f"{asset}-playback"}],
            "aspect_ratio": "16:9",
            "tracks": [{"type": "video", "id": "t1"}, {"type": "audio", "id": "t2"}],
        }
        return event("video.asset.live_stream_completed", data, began_at + seconds, "")

    def _stream(self, name: str) -> dict[str, Any]:
        return self.streams.get(name) or {"id": name, "status": "idle"}

    def _key(self) -> str:
        self._made += 1
        return f"54676b58-6b19-5acb-f5bf-{self._made:012d}"

    def _make(self, wanted: dict[str, Any]) -> dict[str, Any]:
        key = self._key()
        name = f"aA02skpHXoLrbQm49qIzAG6RtewFOcDE{self._made}"
        self.streams[name] = {
            "id": name,
            "stream_key": key,
            "status": "idle",
            "playback_ids": [{"policy": "public", "id": f"iOkfIGstt4u1eYdFcPKGTWKz75Acpv3w{self._made}"}],
            "new_asset_settings": {"playback_policies": ["public"]},
            "created_at": str(int(time.time())),
            "max_continuous_duration": 43200,
            "latency_mode": wanted.get("latency_mode", "standard"),
            "reconnect_window": wanted.get("reconnect_window", 60),
            "passthrough": wanted.get("passthrough"),
        }
        return self.streams[name]


@dataclass(frozen=True, slots=True)
class Webhook:
    body: bytes
    headers: dict[str, str]


def event(kind: str, data: dict[str, Any], at: float | None, id: str) -> Webhook:
    at = time.time() if at is None else at
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e6):06d}Z"
    told = {
        "type": kind,
        "id": id or f"{kind}-{at:.6f}",
        "created_at": stamp,
        "object": {"type": "live", "id": data["id"]},
        "environment": {"name": "Production", "id": "j0863n"},
        "data": data,
        "request_id": None,
        "attempts": [],
        "accessor": None,
        "accessor_source": None,
    }
    return signed(json.dumps(told).encode())


def signed(body: bytes, *, at: float | None = None, secret: str = WEBHOOK_SECRET) -> Webhook:
    stamp = str(int(time.time() if at is None else at))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return Webhook(body, {"Mux-Signature": f"t={stamp},v1={signature}"})
