"""Messages over the API: the same verbs and the same shapes as on the socket."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import Q
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.selectors import find_channel
from apps.chat import services
from apps.chat.models import Message, MessageQuerySet
from apps.chat.payloads import message_payload, moderated_payload
from apps.chat.review import whole_payload
from apps.chat.services.commands import is_command
from apps.core.errors import Invalid, NotFound
from apps.streams.models import Broadcast

from .serializers import MessagePageSerializer, MessageSerializer, NewMessageSerializer

PAGE_SIZE, PAGE_MOST = 20, 100
SEQ_MOST = 2**63 - 1

LISTING = extend_schema(
    responses=MessagePageSerializer,
    parameters=[
        OpenApiParameter("limit", int, description="1 to 100, 20 without"),
        OpenApiParameter("after", str, description="the number or id of a message: what came after it"),
        OpenApiParameter("before", str, description="the number or id of a message: what came before it"),
    ],
)
SENDING = extend_schema(request=NewMessageSerializer, responses={201: MessageSerializer})


class ChannelMessages(APIView):
    """A channel's room."""

    @LISTING
    def get(self, request: Request, channel: str) -> Response:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return page(request, Message.objects.of_room(found.pk), told_to(request, found))

    @SENDING
    def post(self, request: Request, channel: str) -> Response:
        return send(request, find_channel(viewer=request.user, slug_or_id=channel))


class StreamMessages(APIView):
    """What was said in the room during one broadcast."""

    @LISTING
    def get(self, request: Request, stream: str) -> Response:
        broadcast = find_broadcast(request, stream)
        said = Message.objects.of_room(broadcast.channel_id).filter(broadcast=broadcast)
        return page(request, said, told_to(request, broadcast.channel))

    @SENDING
    def post(self, request: Request, stream: str) -> Response:
        return send(request, find_broadcast(request, stream).channel)


class OneMessage(APIView):
    @extend_schema(responses=MessageSerializer)
    def get(self, request: Request, message: uuid.UUID) -> Response:
        """A message; those who see the channel's moderation read it also when it was removed."""
        found = find_message(request, message)
        channel = Channel.objects.get(pk=found.room_id)
        sees_all = policies.may(request.user, Power.VIEW_MODERATION, channel)
        return Response(whole_payload(found) if sees_all else message_payload(found))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, message: uuid.UUID) -> Response:
        services.delete_message(actor=request.user, message_id=message)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RestoreMessage(APIView):
    @extend_schema(request=None, responses=MessageSerializer)
    def post(self, request: Request, message: uuid.UUID) -> Response:
        """Let everybody see a removed message again."""
        services.restore_message(actor=request.user, message_id=message)
        return Response(moderated_payload(find_message(request, message)))


class Thread(APIView):
    @LISTING
    def get(self, request: Request, message: uuid.UUID) -> Response:
        """The conversation that a message belongs to: what it began with, and all replies."""
        found = find_message(request, message)
        root = found.thread_id or found.pk
        said = Message.objects.of_room(found.room_id).filter(Q(pk=root) | Q(thread=root))
        return page(request, said, told_to(request, Channel.objects.get(pk=found.room_id)))


def send(request: Request, channel: Channel) -> Response:
    """Say what the body holds. Without a nonce every request is a message of its own."""
    body = NewMessageSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    if is_command(body.validated_data["content"]):
        raise Invalid.field(
            "content", "This is a command. Send it to …/channels/{id}/commands.", code="IS_COMMAND"
        )
    message = services.send_message(
        actor=request.user,
        channel=channel,
        content=body.validated_data["content"],
        nonce=body.validated_data.get("nonce") or uuid.uuid4().hex,
        reply_to=body.validated_data.get("replyTo"),
    )
    return Response(message_payload(message), status=status.HTTP_201_CREATED)


def told_to(request: Request, channel: Channel) -> Callable[[Message], dict[str, Any]]:
    """How the channel's messages are told to the caller: what is struck, moderators read."""
    return (
        moderated_payload if policies.may(request.user, Power.VIEW_MODERATION, channel) else message_payload
    )


def page(request: Request, messages: MessageQuerySet, told: Callable[[Message], dict[str, Any]]) -> Response:
    """`?after=` the first ones after a message, `?before=` the last ones before it, else the newest; always
    oldest first, with one look ahead for `hasMore`."""
    limit = limit_of(request)
    after, before = seq_param(request, "after", messages), seq_param(request, "before", messages)
    if after is not None and before is not None:
        raise Invalid.field("before", "Use after or before, not both.")
    messages = messages.with_user()
    if after is not None:
        found = list(messages.filter(seq__gt=after).order_by("seq")[: limit + 1])
        shown = found[:limit]
    else:
        if before is not None:
            messages = messages.filter(seq__lt=before)
        found = list(messages.order_by("-seq")[: limit + 1])
        shown = found[:limit][::-1]
    return Response({"data": [told(m) for m in shown], "hasMore": len(found) > limit})


def limit_of(request: Request) -> int:
    raw = request.query_params.get("limit") or str(PAGE_SIZE)
    if len(raw) > 4 or not (raw.isascii() and raw.isdigit()) or not 1 <= int(raw) <= PAGE_MOST:
        raise Invalid.field("limit", f"limit must be a whole number from 1 to {PAGE_MOST}.")
    return int(raw)


def seq_param(request: Request, name: str, messages: MessageQuerySet) -> int | None:
    """A place in the room, given as a message's number or id."""
    raw = request.query_params.get(name)
    if not raw:
        return None
    if raw.isascii() and raw.isdigit() and len(raw) < 20 and int(raw) <= SEQ_MOST:
        return int(raw)
    try:
        message_id = uuid.UUID(raw)
    except ValueError:
        raise Invalid.field(name, f"{name} must be the number or the id of a message.") from None
    seq = messages.filter(pk=message_id).values_list("seq", flat=True).first()
    if seq is None:
        raise NotFound("There is no such message here.", code="MESSAGE_NOT_FOUND")
    return seq


def find_message(request: Request, message: uuid.UUID) -> Message:
    """The message, in a channel that the caller may see."""
    found = Message.objects.with_user().reachable_by(request.user).filter(pk=message).first()
    if found is None:
        raise NotFound("There is no such message.", code="MESSAGE_NOT_FOUND")
    return found


def find_broadcast(request: Request, stream: str) -> Broadcast:
    """The broadcast with this id on a channel that the caller may see."""
    try:
        return Broadcast.objects.with_channel().get(
            pk=uuid.UUID(stream), channel__in=Channel.objects.reachable_by(request.user)
        )
    except (ValueError, Broadcast.DoesNotExist):
        raise NotFound("There is no such stream.", code="STREAM_NOT_FOUND") from None
