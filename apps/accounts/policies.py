"""Who may act at all, and what staff may do to people: the first line of their verbs."""

from __future__ import annotations

from apps.core.errors import Invalid, NotAllowed, SignInNeeded

from .models import Actor, User


def acting(actor: Actor) -> User:
    """The person who acts; raises SignInNeeded for nobody, NotAllowed for a closed account."""
    if not isinstance(actor, User):
        raise SignInNeeded("Sign in first.")
    if not actor.is_active:
        raise NotAllowed("This account is closed.", code="ACCOUNT_CLOSED")
    return actor


def require_verified(actor: User) -> None:
    """Raise NotAllowed (EMAIL_NOT_VERIFIED) for who must confirm an address before doing what others see."""
    if actor.must_verify:
        raise must_verify()


def must_verify() -> NotAllowed:
    """The refusal of somebody whose sign-up looked like a machine's (`vetting`)."""
    return NotAllowed(
        "Confirm your email address first: follow the link in our letter. Settings, Email sends another one.",
        code="EMAIL_NOT_VERIFIED",
    )


def require_staff(actor: Actor, permission: str) -> User:
    """The actor, when they are staff with this permission (`app.codename`); else raises as `acting`, or
    NotAllowed."""
    staff = acting(actor)
    if not (staff.is_staff and staff.has_perm(permission)):
        raise NotAllowed("Only staff with the permission for it may do this. A superuser can give it to you.")
    return staff


def require_staff_over(actor: Actor, permission: str, person: User) -> User:
    """The same, towards a person: nobody does it to themselves, and only superusers do it to other staff."""
    staff = require_staff(actor, permission)
    if person.pk == staff.pk:
        raise Invalid("You can't do this to yourself.", code="OWN_ACCOUNT")
    if (person.is_staff or person.is_superuser) and not staff.is_superuser:
        raise NotAllowed("Only a superuser may do this to staff.", code="TARGET_IS_STAFF")
    return staff
