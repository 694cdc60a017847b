"""People over the API: signing up and in, tokens, who am I, how do I appear."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.headless import app_settings
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from apps.accounts import reauthentication, services, sessions, tickets
from apps.core.errors import SignInNeeded

from . import signin
from .serializers import (
    CredentialsSerializer,
    IntroductionSerializer,
    MeSerializer,
    ProfileChangesSerializer,
    ProofSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    SignedInSerializer,
    TicketSerializer,
    TokensSerializer,
    VerificationPendingSerializer,
)


def parsed(serializer: Serializer) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class Door(APIView):
    """Where strangers come in: no cookie is read, so none can be abused."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class Register(Door):
    @extend_schema(
        request=RegistrationSerializer,
        responses={201: SignedInSerializer, 202: VerificationPendingSerializer},
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Create an account and sign it in; 202 where the address must be verified before that."""
        signed_in = signin.register(request._request, **parsed(RegistrationSerializer(data=request.data)))
        if signed_in is None:
            return Response({"verificationRequired": True}, status=status.HTTP_202_ACCEPTED)
        return Response(_signed_in(signed_in), status=status.HTTP_201_CREATED)


class Login(Door):
    @extend_schema(request=CredentialsSerializer, responses=SignedInSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in by username or email address; 401 `MFA_REQUIRED` asks for `code`."""
        fields = parsed(CredentialsSerializer(data=request.data))
        signed_in = signin.log_in(
            request._request,
            login=fields["login"],
            password=fields["password"],
            code=fields.get("code", "").replace(" ", ""),
            keep_account=fields["keepAccount"],
        )
        return Response(_signed_in(signed_in))


class Refresh(Door):
    @extend_schema(request=RefreshSerializer, responses=TokensSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """The next pair of tokens. A refresh token works once; using it again ends its session."""
        token = parsed(RefreshSerializer(data=request.data))["refreshToken"]
        pair = app_settings.TOKEN_STRATEGY.refresh_token(token)
        if pair is None:
            raise SignInNeeded("This session has ended. Sign in again.", code="SESSION_ENDED")
        return Response({"accessToken": pair[0], "refreshToken": pair[1]})


class Mine(APIView):
    """What only a signed-in person can ask for."""

    permission_classes = (IsAuthenticated,)


class Logout(Mine):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session that this call was made in, tokens included."""
        sign_in = sessions.sign_in_of(request)
        if isinstance(request.auth, dict) and sign_in:
            sessions.end_session(sign_in.session_key)
        else:
            get_adapter().logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Reauthenticate(Mine):
    @extend_schema(request=ProofSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Show again who you are, after a 403 `REAUTHENTICATION_REQUIRED`: by your password, or by a code of
        your second factor. For a quarter of an hour this session may do then what takes such a proof."""
        fields = parsed(ProofSerializer(data=request.data))
        reauthentication.prove(
            request, password=fields.get("password", ""), code=fields.get("code", "").replace(" ", "")
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class Me(Mine):
    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """The person whose token or cookie this is."""
        return Response(MeSerializer(request.user).data)


class WebsocketTicket(Mine):
    @extend_schema(request=None, responses=TicketSerializer)
    def post(self, request: Request) -> Response:
        """A ticket for one websocket, good for a minute."""
        sign_in = sessions.sign_in_of(request)
        if sign_in is None:
            raise SignInNeeded("Sign in first.")
        return Response({"ticket": tickets.issue(sign_in)})


class Onboard(Mine):
    @extend_schema(request=IntroductionSerializer, responses=MeSerializer)
    def post(self, request: Request) -> Response:
        """Introduce yourself, once, after signing up."""
        fields = parsed(IntroductionSerializer(data=request.data))
        user = services.onboard(actor=request.user, **fields)
        return Response(MeSerializer(user).data)


class Profile(Mine):
    @extend_schema(request=ProfileChangesSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change how you appear; what is left out stays."""
        fields = parsed(ProfileChangesSerializer(data=request.data))
        user = services.edit_profile(actor=request.user, **fields)
        return Response(MeSerializer(user).data)


def _signed_in(found: dict[str, Any]) -> dict[str, Any]:
    return SignedInSerializer(
        {
            "user": found["user"],
            "accessToken": found["access_token"],
            "refreshToken": found["refresh_token"],
        }
    ).data
