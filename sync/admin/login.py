"""Logging in by browser: passwords are guessed no faster here than by the API."""

from __future__ import annotations

from typing import Any

import unfold.forms
from django import forms
from redis import RedisError
from rest_framework.throttling import SimpleRateThrottle

TOO_OFTEN = "Somebody at your address has tried too often. Wait {seconds} seconds, then try again."
NO_REDIS = (
    "Nobody can log in while Redis is away, for attempts are counted there. Syncing goes on. "
    "Start Redis again, or leave REDIS_URL empty."
)


class Attempts(SimpleRateThrottle):
    """Counts them by address, at the rate that the API's login has."""

    scope = "login"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return self.cache_format % {"scope": "admin-login", "ident": self.get_ident(request)}


class LoginForm(unfold.forms.AuthenticationForm):  # type: ignore[misc]
    """A name and a password, if it was not tried too often."""

    def clean(self) -> dict[str, Any]:
        attempts = Attempts()
        try:
            is_allowed = attempts.allow_request(self.request, None)  # type: ignore[arg-type]
        except RedisError:
            raise forms.ValidationError(NO_REDIS) from None
        if not is_allowed:
            raise forms.ValidationError(TOO_OFTEN.format(seconds=round(attempts.wait() or 1)))
        found: dict[str, Any] = super().clean()
        return found
