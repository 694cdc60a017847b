"""Asking to be unbanned, once a ban, and the answer."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.core.errors import Conflict, Invalid, NotAllowed, SignInNeeded
from apps.core.events import publish
from apps.core.models import AuditEntry
from apps.core.text import clean
from apps.moderation.facts import UnbanAnswered, UnbanRequested
from apps.moderation.models import WORDS_MOST, Sanction, UnbanRequest

from . import sanctions

ANSWERS = (UnbanRequest.State.GRANTED, UnbanRequest.State.DENIED)


def request_unban(*, actor: Actor, channel: Channel, text: str) -> UnbanRequest:
    """The banned person's one plea a ban."""
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in first.")
    text = clean(text, field="text", most=WORDS_MOST, least=1)
    with transaction.atomic():
        standing = sanctions.standing_now(actor, channel)
        if standing is None or standing.kind != Sanction.Kind.BAN:
            raise Conflict("You are not banned here.", code="NOT_BANNED")
        # The person is held: two clicks make one plea.
        if UnbanRequest.objects.filter(sanction=standing).exists():
            raise Conflict("You have asked about this ban before. One request a ban.", code="ASKED_BEFORE")
        plea = UnbanRequest.objects.create(sanction=standing, text=text)
        publish(UnbanRequested(channel.pk, actor.pk, plea.pk))
    return plea


def answer_unban_request(
    *, actor: Actor, request: UnbanRequest, answer: str, public_note: str = "", private_note: str = ""
) -> UnbanRequest:
    """Grant (which lifts the ban) or deny. The person reads `public_note`, moderators `private_note`, too."""
    channel = request.sanction.channel
    policies.require(actor, Power.ANSWER_UNBANS, channel)
    if answer not in ANSWERS:
        raise Invalid.field("answer", f"answer must be one of {', '.join(ANSWERS)}.")
    notes = {
        "public_note": clean(public_note, field="public_note", most=WORDS_MOST),
        "private_note": clean(private_note, field="private_note", most=WORDS_MOST),
    }
    with transaction.atomic():
        sanctions.hold(request.sanction.user_id)
        request = UnbanRequest.objects.select_related("sanction__user").get(pk=request.pk)
        sanction = request.sanction
        if request.state != UnbanRequest.State.OPEN:
            raise Conflict("This request has been answered.", code="ANSWERED_BEFORE")
        if sanction.user_id == actor.pk:
            raise NotAllowed("Somebody else has to answer your own request.")
        request.state, request.answered_by_id, request.answered_at = answer, actor.pk, timezone.now()
        request.public_note, request.private_note = notes["public_note"], notes["private_note"]
        request.save()
        lifts = answer == UnbanRequest.State.GRANTED and sanction.lifted_at is None
        if lifts:
            sanctions.lift(sanction, by=actor)
        audit.record(
            actor=actor,
            action="unban.answer",
            subject=sanction.user,
            channel_id=channel.pk,
            request_id=str(request.pk),
            answer=str(answer),
            lifted=lifts,
        )
        publish(UnbanAnswered(channel.pk, sanction.user_id, request.pk))
    return request


def undo_answer(actor: Actor, entry: AuditEntry) -> None:
    """Inverse of `unban.answer`: the request waits again, and a ban that was lifted by it stands again."""
    sanctions.hold(uuid.UUID(entry.subject_id))
    request = UnbanRequest.objects.select_related("sanction__user", "sanction__channel").get(
        pk=entry.details["request_id"]
    )
    if request.state != entry.details["answer"]:
        raise Conflict("This can't be undone any more. The answer has changed.", code="NO_LONGER_APPLIES")
    if entry.details.get("lifted", request.state == UnbanRequest.State.GRANTED):
        sanctions.restore(request.sanction, by=actor)
    request.state, request.answered_by, request.answered_at = UnbanRequest.State.OPEN, None, None
    request.public_note = request.private_note = ""
    request.save()
    publish(UnbanRequested(request.sanction.channel_id, request.sanction.user_id, request.pk))
