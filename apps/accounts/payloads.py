"""A person as others see them, ready for JSON: the same keys in the API, on sockets and in the chat."""

from __future__ import annotations

from typing import Any

from .models import User


def person_payload(user: User) -> dict[str, Any]:
    """`{id, username, displayName, avatarUrl}`; `avatarUrl` is "" for a person without a picture."""
    return {
        "id": str(user.pk),
        "username": user.username,
        "displayName": user.name,
        "avatarUrl": user.avatar_url,
    }
