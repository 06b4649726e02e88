"""Small pages for machines: is it alive, is it ready, how does it do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of the database, so that a slow one gets no process killed."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
def readyz(_: HttpRequest) -> HttpResponse:
    return HttpResponse("ready\n", content_type="text/plain")


@require_safe
def metrics(_: HttpRequest) -> HttpResponse:
    return HttpResponse("", content_type="text/plain")
