"""Tokens: a program logs in once with a name and a password, and shows the token from then on."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers, status
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from sync.api.said import LoginSaid
from sync.api.tokens import ShownToken


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's description speaks of tokens; the library finds it by itself."""

    target_class = ShownToken
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002
        return build_bearer_security_scheme_object(header_name="Authorization", token_prefix="Token")  # noqa: S106


class TokenShown(serializers.Serializer[object]):
    """A new token. It is shown this once."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField(allow_null=True)


class TokenListed(serializers.ModelSerializer[AuthToken]):
    """A token by its first letters."""

    class Meta:
        model = AuthToken
        fields = ("token_key", "created", "expiry")
        read_only_fields = fields


class Login(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "login"

    def get_authenticate_header(self, request: Request) -> str:
        return str(ShownToken().authenticate_header(request))

    @extend_schema(request=LoginSaid, responses={201: TokenShown}, auth=[])
    def post(self, request: Request) -> Response:
        """Get a token: `Authorization: Token …`."""
        said = LoginSaid(data=request.data)
        said.is_valid(raise_exception=True)
        user = authenticate(request, **said.validated_data)
        if user is None:
            raise AuthenticationFailed("The name or the password is wrong, or the account is switched off.")
        row, token = AuthToken.objects.create(user)
        return Response(TokenShown({"token": token, "expiry": row.expiry}).data, status.HTTP_201_CREATED)


class Logout(APIView):
    authentication_classes = (ShownToken,)
    permission_classes = (IsAuthenticated,)

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Give up the token that this request shows."""
        assert isinstance(request.auth, AuthToken)
        request.auth.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class Tokens(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=TokenListed(many=True))
    def get(self, request: Request) -> Response:
        """Your own tokens."""
        rows = AuthToken.objects.filter(user=request.user).order_by("-created")
        return Response(TokenListed(rows, many=True).data)
