"""How a program shows who it is: `Authorization: Token …`."""

from __future__ import annotations

import re
from typing import Any

from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

TOKEN = re.compile(rb"[A-Za-z0-9_]{1,200}")


class ShownToken(TokenAuthentication):
    """The library's own, but what cannot be a token is refused before anything is made of its bytes."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        if not TOKEN.fullmatch(token):
            raise AuthenticationFailed("This is no token. Log in to get one.")
        found: tuple[Any, Any] = super().authenticate_credentials(token)
        return found
