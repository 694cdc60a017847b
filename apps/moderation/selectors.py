"""What others ask moderation: who stands how, which rules hold, what is known of a person."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel, Follow
from apps.channels.roles import Role
from apps.core.models import AuditEntry

from .automod import DEFAULTS, Kind, Rule
from .models import AutomodRule, PersonNote, Sanction, UnbanRequest

# The audit log also tells of keys and broadcasts; these are what a moderator's log is about.
LOGGED = (
    "person.", "warning.", "unban.", "note.", "report.", "rules.", "message.", "chat.", "held.", "shield.",
    "raid.", "moderation.", "role.", "invitation.sent", "invitation.withdrawn", "invitation.accepted",
)  # fmt: skip
HISTORY_MOST = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """What keeps a person from writing. `until` is None for a ban, and for a warning alone.

    `reason` is that of the ban or time-out, without one that of the warning; `plea` is the state of the
    request to be unbanned, None where none was made.
    """

    banned: bool = False
    until: datetime.datetime | None = None
    reason: str = ""
    warning_id: uuid.UUID | None = None
    warning: str = ""
    plea: str | None = None


@dataclass(frozen=True, slots=True)
class PersonCard:
    """All that a moderator sees of a person in a channel."""

    user: User
    role: Role | None
    standing: Standing | None
    history: list[Sanction]
    pleas: list[UnbanRequest]
    notes: list[PersonNote]
    counts: dict[str, int]
    member_since: datetime.datetime
    follows_since: datetime.datetime | None


def standing_of(user_ids: Collection[uuid.UUID], channel: Channel) -> dict[uuid.UUID, Standing]:
    """Those of these people who may not write in the channel now, and why. One query."""
    now = timezone.now()
    rows = (
        Sanction.objects.filter(
            Q(kind=Sanction.Kind.BAN)
            | Q(kind=Sanction.Kind.TIMEOUT, expires_at__gt=now)
            | Q(kind=Sanction.Kind.WARNING, acknowledged_at=None),
            channel=channel,
            user_id__in=user_ids,
            lifted_at=None,
        )
        .select_related("unban_request")
        .order_by("-id")
    )
    of_each: dict[uuid.UUID, list[Sanction]] = {}
    for row in rows:
        of_each.setdefault(row.user_id, []).append(row)
    return {user_id: _standing(held) for user_id, held in of_each.items()}


def bans_of(user: Actor) -> set[uuid.UUID]:
    """The channels that ban this person. One query, none for who is not signed in."""
    if not user.is_authenticated:
        return set()
    bans = Sanction.objects.filter(user=user, kind=Sanction.Kind.BAN, lifted_at=None)
    return set(bans.values_list("channel_id", flat=True))


def _standing(held: list[Sanction]) -> Standing:
    exclusion = next((row for row in held if row.kind in Sanction.EXCLUDING), None)
    # The oldest first: that one is to be read first.
    warning = next((row for row in reversed(held) if row.kind == Sanction.Kind.WARNING), None)
    said = exclusion or warning
    return Standing(
        banned=exclusion is not None and exclusion.kind == Sanction.Kind.BAN,
        until=exclusion.expires_at if exclusion else None,
        reason=said.reason if said else "",
        warning_id=warning.pk if warning else None,
        warning=warning.reason if warning else "",
        plea=_plea(exclusion) if exclusion else None,
    )


def _plea(exclusion: Sanction) -> str | None:
    plea = getattr(exclusion, "unban_request", None)
    return plea.state if plea else None


def rules_of(channel: Channel) -> list[Rule]:
    """Every rule of the channel, its own or by default, also those that are off. One query."""
    own = [row.as_rule() for row in AutomodRule.objects.filter(channel=channel)]
    keys = {rule.key for rule in own}
    rules = own + [rule for rule in DEFAULTS.values() if rule.key not in keys]
    order = {kind: place for place, kind in enumerate(Kind)}
    return sorted(rules, key=lambda rule: (order[rule.kind], rule.label))


def person_card(channel: Channel, user: User, *, viewer: Actor) -> PersonCard:
    """What is known of the person here; `viewer`, who asks, must hold VIEW_MODERATION."""
    # All of one person in one channel: tens, where somebody is unruly.
    sanctions = list(
        Sanction.objects.of(user, channel).select_related(
            "created_by", "lifted_by", "unban_request__answered_by"
        )
    )
    counts = Counter(row.kind for row in sanctions if row.undone_at is None)
    pleas = [row.unban_request for row in sanctions if hasattr(row, "unban_request")]
    follow = Follow.objects.filter(channel=channel, user=user).first()
    notes = PersonNote.objects.shown_to(viewer).filter(channel=channel, user=user).select_related("author")
    return PersonCard(
        user=user,
        role=policies.role_of(user, channel),
        standing=standing_of([user.pk], channel).get(user.pk),
        history=sanctions[:HISTORY_MOST],
        # What moderators noted on one's own plea is not for oneself.
        pleas=[] if viewer.pk == user.pk else pleas[:HISTORY_MOST],
        notes=list(notes[:HISTORY_MOST]),
        counts={kind: counts[kind] for kind in Sanction.Kind.values},
        member_since=user.date_joined,
        follows_since=follow.created_at if follow else None,
    )


def log_of(channel: Channel) -> QuerySet[AuditEntry]:
    """What moderators, creators and rules did in the channel, newest first."""
    about = Q()
    for beginning in LOGGED:
        about |= Q(action__startswith=beginning)
    return AuditEntry.objects.filter(about, channel_id=channel.pk)
