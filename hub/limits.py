"""How much a request may carry."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class BodyLimitMiddleware:
    """Refuses a body by its announced length, before anybody reads it.

    Django's own limit does not hold where a parser reads the stream itself, as the API's does. A body without
    an announced length is read as empty.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if most is None or _announced(request) <= most:
            return self.get_response(request)
        sentence = f"The request is too large: send at most {most} bytes at a time.\n"
        return HttpResponse(sentence, status=413, content_type="text/plain")


def _announced(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0
