"""What staff do to people: suspend them and lift it, give and take the check mark."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.access import hold_person, settle
from apps.accounts.facts import PersonSuspended
from apps.accounts.letters import write_to
from apps.accounts.models import REASON_MOST, Actor, User
from apps.accounts.policies import require_staff_over
from apps.core import audit
from apps.core.errors import Conflict, Invalid
from apps.core.events import publish
from apps.core.text import clean

from .profiles import SIZES, change_picture

SUSPEND, VERIFY, EDIT = "accounts.suspend_user", "accounts.verify_user", "accounts.change_user"
LONGEST = timedelta(days=10 * 365)


def suspend_person(*, actor: Actor, person: User, reason: str, until: datetime | None = None) -> User:
    """Shut the account until `until`, or until it is lifted: nobody can sign in to it, chat or stream, and
    its channels are suspended with it. The person is told by letter. Again changes reason and end.

    Raises SignInNeeded, NotAllowed, or Invalid that names the field.
    """
    staff = require_staff_over(actor, SUSPEND, person)
    reason = clean(reason, field="reason", most=REASON_MOST, least=1)
    now = timezone.now()
    if until is not None and not now < until <= now + LONGEST:
        raise Invalid.field("until", "Choose a time to come, at most ten years ahead.")
    with transaction.atomic():
        user = hold_person(person.pk)
        user.suspended_at, user.suspended_until, user.suspension_reason = now, until, reason
        settle(user)
        audit.record(
            actor=staff,
            action="person.suspended",
            subject=user,
            reason=reason,
            until=until.isoformat() if until else None,
        )
        publish(PersonSuspended(user.pk, staff.pk))
        write_to(user, "account_suspended")
    return user


def reinstate_person(*, actor: Actor, person: User, reason: str) -> User:
    """Lift the suspension; the person is told by letter. Raises Conflict (NOT_SUSPENDED)."""
    staff = require_staff_over(actor, SUSPEND, person)
    reason = clean(reason, field="reason", most=REASON_MOST, least=1)
    with transaction.atomic():
        user = hold_person(person.pk)
        if user.suspended_at is None:
            raise Conflict(f"{user.name} is not suspended.", code="NOT_SUSPENDED")
        _reinstate(user, staff, reason)
    return user


def reinstate_due() -> int:
    """Lift the suspensions whose time is over; how many there were."""
    due = User.objects.filter(suspended_until__lte=timezone.now())
    count = 0
    for person_id in due.values_list("pk", flat=True):
        with transaction.atomic():
            user = due.select_for_update(no_key=True).filter(pk=person_id).first()
            if user is not None:  # else staff were here meanwhile
                _reinstate(user, None, "Its time is over.")
                count += 1
    return count


def verify_person(*, actor: Actor, person: User, is_verified: bool, reason: str) -> User:
    """Give the check mark, or take it; giving it twice changes nothing."""
    staff = require_staff_over(actor, VERIFY, person)
    reason = clean(reason, field="reason", most=REASON_MOST, least=1)
    with transaction.atomic():
        user = hold_person(person.pk)
        if user.is_verified != is_verified:
            user.is_verified = is_verified
            user.save(update_fields=["is_verified"])
            action = "person.verified" if is_verified else "person.unverified"
            audit.record(actor=staff, action=action, subject=user, reason=reason)
    return user


def clear_profile(*, actor: Actor, person: User, reason: str) -> User:
    """Take what the person shows of themselves from everybody's sight: display name, bio, links, pictures.
    They are told by letter, and may write something better."""
    staff = require_staff_over(actor, EDIT, person)
    reason = clean(reason, field="reason", most=REASON_MOST, least=1)
    with transaction.atomic():
        user = hold_person(person.pk)
        user.display_name, user.bio, user.links = "", "", {}
        user.save(update_fields=["display_name", "bio", "links"])
        for field in SIZES:
            change_picture(user, field, None)
        audit.record(actor=staff, action="person.cleared", subject=user, reason=reason)
        write_to(user, "profile_cleared", reason=reason)
    return user


def _reinstate(user: User, staff: User | None, reason: str) -> None:
    user.suspended_at, user.suspended_until, user.suspension_reason = None, None, ""
    settle(user)
    audit.record(actor=staff, action="person.reinstated", subject=user, reason=reason)
    write_to(user, "account_reinstated")
