"""Who may act at all."""

from __future__ import annotations

from apps.core.errors import NotAllowed, SignInNeeded

from .models import Actor, User


def acting(actor: Actor) -> User:
    """The person who acts; raises SignInNeeded for nobody, NotAllowed for a closed account."""
    if not isinstance(actor, User):
        raise SignInNeeded("Sign in first.")
    if not actor.is_active:
        raise NotAllowed("This account is closed.", code="ACCOUNT_CLOSED")
    return actor
