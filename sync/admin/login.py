"""Logging in by browser: passwords are guessed no faster here than by the API."""

from __future__ import annotations

import logging
from typing import Any

import unfold.forms
from django import forms
from redis import RedisError
from rest_framework.throttling import SimpleRateThrottle

logger = logging.getLogger(__name__)

TOO_OFTEN = "Somebody at your address has tried too often. Wait {seconds} seconds, then try again."


class Attempts(SimpleRateThrottle):
    """Counts them by address, at the rate that the API's login has."""

    scope = "login"

    def get_cache_key(self, request: Any, view: Any) -> str:
        return self.cache_format % {"scope": "admin-login", "ident": self.get_ident(request)}


def _may_try(attempts: Attempts, request: Any) -> bool:
    """Whoever looks after a hub without Redis must get in to see what is wrong: nobody is counted then."""
    try:
        return bool(attempts.allow_request(request, None))  # type: ignore[arg-type]
    except RedisError:
        logger.warning("attempts to log in are not counted while Redis is away")
        return True


class LoginForm(unfold.forms.AuthenticationForm):  # type: ignore[misc]
    """A name and a password, if it was not tried too often."""

    def clean(self) -> dict[str, Any]:
        attempts = Attempts()
        if not _may_try(attempts, self.request):
            raise forms.ValidationError(TOO_OFTEN.format(seconds=round(attempts.wait() or 1)))
        found: dict[str, Any] = super().clean()
        return found
