"""Roles and invitations over the API."""

from __future__ import annotations

import uuid
from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.accounts.selectors import find_person
from apps.channels import services
from apps.channels.models import RoleInvitation, RoleInvitationQuerySet
from apps.channels.selectors import find_channel, open_invitations, team_of
from apps.core.pagination import PageEnvelope

from .serializers import InvitationSerializer, NewInvitationSerializer, RoleSerializer
from .views import PAGE, parsed


class ChannelRoles(APIView):
    @extend_schema(responses=RoleSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, channel: str) -> Response:
        """The helpers of a channel, for its owner and editors."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        pages = PageEnvelope()
        page = pages.paginate_queryset(team_of(viewer=request.user, channel=found), request)
        return pages.get_paginated_response(list(RoleSerializer(page, many=True).data))

    @extend_schema(request=NewInvitationSerializer, responses={201: InvitationSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """Invite a person to a role; it is theirs once they have accepted."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = parsed(NewInvitationSerializer(data=request.data))
        invitation = services.invite_helper(actor=request.user, channel=found, **fields)
        return Response(InvitationSerializer(invitation).data, status=status.HTTP_201_CREATED)


class ChannelHelper(APIView):
    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, channel: str, person: str) -> Response:
        """Take the role from a person, named by id or username; from oneself: leave the team."""
        found, helper = find_channel(viewer=request.user, slug_or_id=channel), find_person(person)
        if helper == request.user:
            services.leave_team(actor=request.user, channel=found)
        else:
            services.remove_helper(actor=request.user, channel=found, user=helper)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChannelInvitations(APIView):
    @extend_schema(responses=InvitationSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, channel: str) -> Response:
        """The invitations of a channel that wait for an answer, for its owner and editors."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        return _listed(open_invitations(viewer=request.user, channel=found), request)


class MyInvitations(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=InvitationSerializer(many=True), parameters=PAGE)
    def get(self, request: Request) -> Response:
        """The invitations that wait for the caller's answer."""
        return _listed(RoleInvitation.objects.addressed_to(cast(User, request.user)), request)


class OneInvitation(APIView):
    @extend_schema(request=None, responses={200: InvitationSerializer})
    def delete(self, request: Request, invitation: uuid.UUID) -> Response:
        """Withdraw an invitation that is not answered yet."""
        withdrawn = services.withdraw_invitation(actor=request.user, invitation_id=invitation)
        return Response(InvitationSerializer(withdrawn).data)


class InvitationAnswer(APIView):
    """`accept` or `decline`, as the address says."""

    accept = True

    @extend_schema(request=None, responses=InvitationSerializer)
    def post(self, request: Request, invitation: uuid.UUID) -> Response:
        answered = services.answer_invitation(
            actor=request.user, invitation_id=invitation, accept=self.accept
        )
        return Response(InvitationSerializer(answered).data)


def _listed(invitations: RoleInvitationQuerySet, request: Request) -> Response:
    pages = PageEnvelope()
    page = pages.paginate_queryset(invitations, request)
    return pages.get_paginated_response(list(InvitationSerializer(page, many=True).data))
