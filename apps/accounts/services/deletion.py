"""The end of an account: closed at once, deleted when the grace period is over, kept if its owner returns."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.accounts.access import hold_person, settle
from apps.accounts.letters import write_to
from apps.accounts.models import Actor, RetiredName, User
from apps.accounts.policies import acting
from apps.core import audit
from apps.core.errors import Conflict, Invalid

from .profiles import SIZES, change_picture

log = logging.getLogger(__name__)

SALT = "accounts.keep"
# The name of who has left stays free of others for so long: nobody is to pass for them.
NAME_RETIRED = timedelta(days=365)
A_ROUND = 20

# What each app removes of a person, in this order (`aethex/wiring.py`). Each may run any number of times.
Eraser = Callable[[User], None]
_ERASERS: list[Eraser] = []


def erase_with(*erasers: Eraser) -> None:
    """Let an app remove what it keeps of a person before the person's own row goes."""
    _ERASERS.extend(erasers)


def close_account(*, actor: Actor, confirmation: str) -> User:
    """Close the actor's account: gone for everybody at once, and deleted after ACCOUNT_DELETION_DAYS unless
    they keep it. `confirmation` must be their username, typed by hand.

    Raises SignInNeeded, NotAllowed, or Invalid that names `confirmation`.
    """
    person = acting(actor)
    if confirmation.strip().removeprefix("@").lower() != person.username.lower():
        raise Invalid.field("confirmation", f"Type {person.username} to delete your account.")
    with transaction.atomic():
        user = hold_person(person.pk)
        if user.deletion_at is None:  # else another tab was first
            user.deletion_at = timezone.now() + timedelta(days=settings.ACCOUNT_DELETION_DAYS)
            settle(user)
            audit.record(actor=user, action="account.closed", subject=user)
            write_to(user, "account_closing", token=keep_token(user))
    return user


def keep_token(user: User) -> str:
    """What proves to `keep_account` that its bearer may keep this account, for as long as it can be kept."""
    assert user.deletion_at is not None
    return signing.dumps([user.pk.hex, user.deletion_at.isoformat()], salt=SALT)


def person_of_keep_token(token: str) -> User:
    """Whose closed account this token keeps; raises Conflict (NOTHING_TO_KEEP) when it was kept, is deleted,
    or the token is none."""
    try:
        key, at = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise _nothing_to_keep() from None
    user = User.objects.filter(pk=uuid.UUID(hex=key)).first()
    # The end that this very closing set: an old letter ends no later one.
    if user is None or user.deletion_at is None or user.deletion_at.isoformat() != at or _is_due(user):
        raise _nothing_to_keep()
    return user


def keep_account(*, person: User) -> User:
    """Open the closed account again, for who has proved that it is theirs: nothing of it is lost. While staff
    have suspended it, it stays shut. Raises Conflict (NOTHING_TO_KEEP)."""
    with transaction.atomic():
        user = hold_person(person.pk)
        if user.deletion_at is None or _is_due(user):
            raise _nothing_to_keep()
        user.deletion_at = None
        settle(user)
        audit.record(actor=user, action="account.kept", subject=user)
        write_to(user, "account_kept")
    return user


def erase_due() -> int:
    """Delete the accounts whose grace period is over, and free names that were retired long enough; how many
    accounts there were. What fails, or is killed half way, is begun again by the next round."""
    RetiredName.objects.filter(until__lte=timezone.now()).delete()
    due = User.objects.filter(deletion_at__lte=timezone.now()).order_by("deletion_at")
    count = 0
    for user in due[:A_ROUND]:
        try:
            for erase in _ERASERS:
                erase(user)
            count += _erase(user.pk)
        except Exception:
            # One that can't be deleted must not keep the others.
            log.exception("the account %s could not be deleted", user.pk)
    return count


def is_retired(username: str) -> bool:
    """Whether somebody who has left had this name not long ago."""
    return RetiredName.objects.filter(key=_key(username), until__gt=timezone.now()).exists()


def _erase(person_id: uuid.UUID) -> bool:
    """The person's own row and all that hangs on it; False when another worker was first."""
    with transaction.atomic():
        due = User.objects.filter(pk=person_id, deletion_at__lte=timezone.now())
        user = due.select_for_update().first()
        if user is None:
            return False
        audit.record(actor=None, action="account.deleted", subject=user)
        retired = {"until": timezone.now() + NAME_RETIRED}
        RetiredName.objects.update_or_create(key=_key(user.username), defaults=retired)
        write_to(user, "account_deleted")
        for field in SIZES:
            change_picture(user, field, None)
        user.delete()
    return True


def _is_due(user: User) -> bool:
    """Whether it is too late to keep the account: it may be half gone."""
    return user.deletion_at is not None and user.deletion_at <= timezone.now()


def _nothing_to_keep() -> Conflict:
    return Conflict(
        "This account is not waiting to be deleted: it was kept, or is deleted already.",
        code="NOTHING_TO_KEEP",
    )


def _key(username: str) -> str:
    """Names of those who left are kept as what nobody reads."""
    return salted_hmac("accounts.retired-name", username.lower(), algorithm="sha256").hexdigest()
