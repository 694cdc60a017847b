"""The cast of a story told from outside: people who sign up, own channels and hold stream keys."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from typing import Any

import httpx

from .running import Stack

_numbers = itertools.count(1)
PASSWORD = "a long pass phrase of nobody"


@dataclass
class Person:
    """Somebody signed in. `api` sends their token; `id` and `username` are as the API told them."""

    stack: Stack
    id: str
    username: str
    token: str
    api: httpx.Client = field(repr=False)

    @property
    def bearer(self) -> dict[str, str]:
        """The header that says who this is, also on a websocket's handshake."""
        return {"Authorization": f"Bearer {self.token}"}

    def sign_in(self) -> None:
        """Again, as a token is good for a while only."""
        account = {"login": self.username, "password": PASSWORD}
        self.token = expect(200, self.stack.api.post("/api/auth/login", json=account))["accessToken"]
        self.api.headers.update(self.bearer)

    def create_channel(self, **fields: Any) -> dict[str, Any]:
        """A channel of theirs with a name and an address that nobody has yet, unless `fields` say them."""
        number = unique()
        fields = {"name": f"Channel {number}", "slug": f"c-{number}"} | fields
        made = expect(201, self.api.post("/api/channels", json=fields))
        # Tests repeat themselves, which the automatic rules of a new channel would refuse.
        rules = [{"kind": kind, "isOn": False} for kind in ("similarity", "repetition")]
        expect(200, self.api.put(f"/api/channels/{made['id']}/filters", json={"rules": rules}))
        return made

    def publish_url(self, channel: dict[str, Any], kind: str = "stream-key") -> str:
        """The whole address that an encoder of this channel publishes to, key included."""
        key = expect(200, self.api.get(f"/api/channels/{channel['id']}/{kind}"))
        return f"{key['rtmpUrl']}/{key['streamKey']}"

    def srt_url(self, channel: dict[str, Any]) -> str:
        """The same for an encoder that speaks SRT."""
        key = expect(200, self.api.get(f"/api/channels/{channel['id']}/stream-key"))
        return f"{key['srtUrl']}?streamid={key['streamKey']}"


def sign_up(stack: Stack) -> Person:
    """A new person with a name that nobody has yet."""
    name = f"p_{unique()}"
    account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    made = expect(201, stack.api.post("/api/auth/register", json=account))
    api = stack.api
    api.headers["Authorization"] = f"Bearer {made['accessToken']}"
    return Person(stack, made["user"]["id"], made["user"]["username"], made["accessToken"], api)


def expect(status: int, response: httpx.Response) -> Any:
    """The JSON of `response`; an AssertionError that quotes it when its status is another."""
    assert response.status_code == status, f"{response.request.url}: {response.status_code} {response.text}"
    return response.json()


def unique() -> str:
    """A short text that this test run has not used before."""
    return f"{os.getpid() % 46_656:x}{next(_numbers):x}"
