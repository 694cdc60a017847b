"""What moderators look at, over the API: held messages, people, and what a rule would have caught."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.selectors import find_person
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.selectors import find_channel, helped_by, owned_by
from apps.chat import review, services
from apps.chat.models import HeldMessage, Message
from apps.chat.payloads import moderated_payload
from apps.core.errors import Invalid, NotFound, SignInNeeded
from apps.core.pagination import PageEnvelope
from apps.moderation import selectors as moderation
from apps.moderation import services as moderation_services
from apps.moderation.api.views import PAGE, parsed
from apps.moderation.models import PersonNote

from . import serializers as shapes
from .views import LISTING, page


class Queue(APIView):
    @extend_schema(
        responses=shapes.HeldSerializer(many=True),
        parameters=[
            *PAGE,
            OpenApiParameter("channel", str, description="address or id; without it, all that one moderates"),
            OpenApiParameter("state", str, enum=HeldMessage.State.values, description="open without"),
        ],
    )
    def get(self, request: Request) -> Response:
        """Messages that automatic rules hold back, oldest first."""
        rows = review.held_in(_moderated(request)).filter(state=_state(request))
        pages = PageEnvelope()
        held = pages.paginate_queryset(rows, request)
        return pages.get_paginated_response([review.held_payload(each) for each in held])


class ApproveHeld(APIView):
    @extend_schema(request=None, responses=shapes.MessageSerializer)
    def post(self, request: Request, held: uuid.UUID) -> Response:
        """Let a held message be said."""
        return Response(moderated_payload(services.approve_held(actor=request.user, held_id=held)))


class RejectHeld(APIView):
    @extend_schema(request=None, responses=shapes.HeldSerializer)
    def post(self, request: Request, held: uuid.UUID) -> Response:
        """Keep a held message from being said."""
        return Response(review.held_payload(services.reject_held(actor=request.user, held_id=held)))


class Card(APIView):
    @extend_schema(responses=shapes.PersonCardSerializer)
    def get(self, request: Request, channel: str, person: str) -> Response:
        """A person as moderators see them here; by id or username."""
        found = _channel(request, channel)
        card = moderation.person_card(found, find_person(person), viewer=request.user)
        return Response(shapes.PersonCardSerializer(card).data)


class PersonMessages(APIView):
    @LISTING
    def get(self, request: Request, channel: str, person: str) -> Response:
        """What a person said here, removed messages with their content."""
        found = _channel(request, channel)
        said = Message.objects.of_room(found.pk).filter(user=find_person(person))
        return page(request, said, told=review.whole_payload)


class PersonNotes(APIView):
    @extend_schema(request=shapes.NewNoteSerializer, responses={201: shapes.NoteSerializer})
    def post(self, request: Request, channel: str, person: str) -> Response:
        """Write a note on a person, for moderators alone."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        text = parsed(shapes.NewNoteSerializer(data=request.data))["text"]
        note = moderation_services.write_note(
            actor=request.user, channel=found, user=find_person(person), text=text
        )
        return Response(shapes.NoteSerializer(note).data, status=status.HTTP_201_CREATED)


class OneNote(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: str, note: uuid.UUID) -> Response:
        """Take a note away."""
        shown = PersonNote.objects.shown_to(request.user)
        found = shown.filter(channel=_channel(request, channel), pk=note).first()
        if found is None:
            raise NotFound("There is no such note.", code="NOTE_NOT_FOUND")
        moderation_services.delete_note(actor=request.user, note=found)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DryRun(APIView):
    @extend_schema(request=shapes.DryRunSerializer, responses=shapes.DryRunResultSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """What a rule would have caught of the last 24 hours; it is stored nowhere."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        rule = parsed(shapes.DryRunSerializer(data=request.data))["rule"]
        ran = review.dry_run(actor=request.user, channel=found, rule=rule)
        caught = [
            {"message": review.whole_payload(each.message), "match": list(each.verdict.span)}
            for each in ran.caught
        ]
        return Response({"lookedAt": ran.looked_at, "count": ran.count, "caught": caught})


def _channel(request: Request, slug_or_id: str) -> Channel:
    """The channel, for those who see its moderation."""
    found = find_channel(viewer=request.user, slug_or_id=slug_or_id)
    policies.require(request.user, Power.VIEW_MODERATION, found)
    return found


def _moderated(request: Request) -> list[uuid.UUID]:
    """The channel that `?channel=` names, or all whose held messages the caller answers."""
    if named := request.query_params.get("channel"):
        found = find_channel(viewer=request.user, slug_or_id=named)
        policies.require(request.user, Power.REVIEW_HELD, found)
        return [found.pk]
    if not request.user.is_authenticated:
        raise SignInNeeded("Sign in first.")
    places = [*owned_by(request.user), *helped_by(request.user)]
    return [place.channel.pk for place in places if Power.REVIEW_HELD in place.powers]


def _state(request: Request) -> str:
    state = request.query_params.get("state") or HeldMessage.State.OPEN.value
    if state not in HeldMessage.State.values:
        raise Invalid.field("state", f"state must be one of {', '.join(HeldMessage.State.values)}.")
    return state
