"""Other people over the API: how they appear, who follows whom, and the pictures of a person's own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import services
from apps.accounts.profiles import Profile, find_profile, followed_by, followers_of
from apps.accounts.reauthentication import require_recent_proof
from apps.core.errors import Invalid, NotAllowed
from apps.core.images import Cropped, checked_crop
from apps.core.pagination import PageEnvelope

from .serializers import (
    AccountClosingSerializer,
    ClosingSerializer,
    MeSerializer,
    PersonFollowStateSerializer,
    PersonRelationSerializer,
    PersonSerializer,
    PersonStatsSerializer,
    PictureSerializer,
    PictureUrlSerializer,
    ProfileChangesSerializer,
    ProfileSerializer,
)
from .views import Mine, parsed

PAGE = [OpenApiParameter("page", int), OpenApiParameter("limit", int)]
CROP = ("x", "y", "width", "height")


def _seen(request: Request, person: str) -> Profile:
    return find_profile(viewer=request.user, username_or_id=person)


class OnePerson(APIView):
    @extend_schema(responses=ProfileSerializer)
    def get(self, request: Request, person: str) -> Response:
        """A person, by id or username, as the caller may see them."""
        return Response(ProfileSerializer(_seen(request, person)).data)

    @extend_schema(request=ProfileChangesSerializer, responses=MeSerializer)
    def patch(self, request: Request, person: str) -> Response:
        """Change your own profile; what is left out stays."""
        if not _seen(request, person).is_own:
            raise NotAllowed("You can change your own profile only.")
        changes = parsed(ProfileChangesSerializer(data=request.data))
        if not changes:
            raise Invalid("Name at least one field to change.", code="NOTHING_TO_CHANGE")
        user = services.edit_profile(actor=request.user, **changes)
        return Response(MeSerializer(user).data)

    @extend_schema(request=ClosingSerializer, responses={202: AccountClosingSerializer})
    def delete(self, request: Request, person: str) -> Response:
        """Close your own account (`me`, or your id): gone for others and signed out everywhere at once,
        deleted at the time in the answer unless you sign in with `keepAccount` before."""
        if person != "me" and not _seen(request, person).is_own:
            raise NotAllowed("You can delete your own account only.")
        require_recent_proof(request)
        fields = parsed(ClosingSerializer(data=request.data))
        user = services.close_account(actor=request.user, **fields)
        return Response(AccountClosingSerializer(user).data, status=status.HTTP_202_ACCEPTED)


class PersonStats(APIView):
    @extend_schema(responses=PersonStatsSerializer)
    def get(self, request: Request, person: str) -> Response:
        profile = _seen(request, person)
        profile.require_open()
        return Response(PersonStatsSerializer(profile).data)


class PersonFollowers(APIView):
    @extend_schema(responses=PersonSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, person: str) -> Response:
        """Who follows the person, the latest first."""
        return _people(request, followers_of(_seen(request, person)))


class PersonFollowing(APIView):
    @extend_schema(responses=PersonSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, person: str) -> Response:
        """Whom the person follows, the latest first."""
        return _people(request, followed_by(_seen(request, person)))


class PersonIsFollowing(Mine):
    @extend_schema(responses=PersonRelationSerializer)
    def get(self, request: Request, person: str) -> Response:
        """Whether the caller follows the person, and the other way round."""
        return Response(PersonRelationSerializer(_seen(request, person)).data)


class PersonFollow(Mine):
    @extend_schema(request=None, responses=PersonFollowStateSerializer)
    def post(self, request: Request, person: str) -> Response:
        """Follow a person; twice is once."""
        services.follow_person(actor=request.user, person=_seen(request, person).person)
        return Response(PersonFollowStateSerializer(_seen(request, person)).data)

    @extend_schema(request=None, responses={200: PersonFollowStateSerializer})
    def delete(self, request: Request, person: str) -> Response:
        services.unfollow_person(actor=request.user, person=_seen(request, person).person)
        return Response(PersonFollowStateSerializer(_seen(request, person)).data)


class PictureUpload(Mine):
    """`field` of the caller's profile gets the uploaded picture."""

    parser_classes = (MultiPartParser,)
    field = ""

    @extend_schema(request=PictureSerializer, responses=PictureUrlSerializer)
    def post(self, request: Request) -> Response:
        """Put a picture on your profile: JPEG, PNG, WebP or GIF (its first frame) of at most 8 MB. It is
        cropped, scaled down and stored as WebP without anything but its pixels."""
        given = parsed(PictureSerializer(data=request.data))
        upload = given["file"]
        if any(side in given for side in CROP):
            upload = Cropped(upload, checked_crop(*(given.get(side) for side in CROP), field="crop"))
        try:
            user = services.edit_profile(actor=request.user, **{self.field: upload})
        except Invalid as refusal:
            raise Invalid.field("file", refusal.message) from None
        return Response({"url": getattr(user, self.field).url})


def _people(request: Request, people: Any) -> Response:
    pages = PageEnvelope()
    page = pages.paginate_queryset(people, request)
    return pages.get_paginated_response(list(PersonSerializer(page, many=True).data))
