"""A site whose accounts are a way in: OAuth 2.0 (RFC 6749) with PKCE (RFC 7636), and who somebody is there.

It answers as GitHub, Google, Discord and Twitch document it. Not covered: refresh tokens, scopes that were
not granted, id_tokens, rate limits. What a person does there in their browser is `consent` or `deny`.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from .service import Answer, Asked, FakeService

CODE_SECONDS = 60


@dataclass
class FakeSite(FakeService):
    """`email` and `verified` are what this site knows of its person `uid`."""

    uid: str = "4711"
    name: str = "octo_vera"
    email: str = "vera@elsewhere.example"
    verified: bool = True
    _asked_for: dict[str, dict[str, str]] = field(default_factory=dict)
    _tokens: set[str] = field(default_factory=set)

    def consent(self, address: str) -> str:
        """The person says yes at the authorization `address`: where their browser is sent back to."""
        query = dict(parse_qsl(urlsplit(address).query))
        assert query["response_type"] == "code" and query["client_id"].endswith("-client")
        code = secrets.token_urlsafe(12)
        self._asked_for[code] = query
        return _back(query, code=code)

    def deny(self, address: str) -> str:
        """They say no."""
        return _back(dict(parse_qsl(urlsplit(address).query)), error="access_denied")

    def answer(self, asked: Asked) -> Answer:
        path = urlsplit(asked.path).path
        if (asked.method, path) == ("POST", "/token"):
            return self._exchange(asked.body)
        if asked.authorization.partition(" ")[2] not in self._tokens:
            return 401, {"message": "Bad credentials"}
        told = self._told().get(path)
        return (404, {"message": "Not Found"}) if told is None else (200, told)

    def _exchange(self, body: dict[str, str]) -> Answer:
        query = self._asked_for.pop(body.get("code", ""), None)  # a code works once
        if query is None or body.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        if body["client_id"] != query["client_id"] or not body["client_secret"].endswith("-secret"):
            return 401, {"error": "invalid_client"}
        if body["redirect_uri"] != query["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if challenge := query.get("code_challenge"):
            digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
                return 400, {"error": "invalid_grant"}
        token = secrets.token_urlsafe(12)
        self._tokens.add(token)
        return 200, {"access_token": token, "token_type": "bearer", "scope": ""}

    def _told(self) -> dict[str, Any]:
        known = {"id": self.uid, "email": self.email}
        return {
            "/github/user": {"id": int(self.uid), "login": self.name, "name": self.name, "email": None},
            "/github/user/emails": [{"email": self.email, "primary": True, "verified": self.verified}],
            "/google/userinfo": known | {"verified_email": self.verified, "name": self.name},
            "/discord/users/@me": known | {"username": self.name, "verified": self.verified},
            "/twitch/users": {"data": [known | {"login": self.name, "display_name": self.name}]},
        }


def _back(query: dict[str, str], **more: str) -> str:
    return f"{query['redirect_uri']}?{urlencode({**more, 'state': query['state']})}"
