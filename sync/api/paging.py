"""How long lists travel: by key, so that no page costs more than the first and none shifts while rows are added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Model
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

if TYPE_CHECKING:  # the framework reads this module while it is loading its views
    from rest_framework.views import APIView

USUAL = 50
MOST = 500
LARGEST_KEY = BigIntegerField.MAX_BIGINT


class Keyset(BasePagination):
    """Newest first, fifty a page unless asked otherwise. `next` is the address of the page that follows."""

    def paginate_queryset(
        self,
        queryset: Any,
        request: Request,
        view: APIView | None = None,  # noqa: ARG002 - the framework's signature
    ) -> list[Any]:
        size = _whole(request, "page_size", USUAL, MOST)
        before = _whole(request, "before", None, LARGEST_KEY)
        rows = queryset.order_by("-pk")
        found: list[Model] = list((rows.filter(pk__lt=before) if before else rows)[: (size or USUAL) + 1])
        page = found[:size]
        self.next = self._next(request, page) if len(found) > len(page) else None
        return page

    def _next(self, request: Request, page: list[Model]) -> str:
        return replace_query_param(request.build_absolute_uri(), "before", str(page[-1].pk))

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {"type": "string", "format": "uri", "nullable": True, "description": "The next page."}
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": following, "results": schema},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:  # noqa: ARG002
        return [
            _parameter("page_size", f"How many at once; {USUAL} unless said otherwise.", MOST),
            _parameter("before", "Only rows with a smaller id: where the next page begins.", LARGEST_KEY),
        ]


PARAMETERS = ("page_size", "before")


def _parameter(name: str, description: str, most: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": most}
    return {"name": name, "required": False, "in": "query", "description": description, "schema": schema}


def _whole(request: Request, name: str, otherwise: int | None, most: int) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    # Python reads more digits than ASCII has, and takes its time over very many of them.
    if not (text.isascii() and text.isdigit() and len(text) < 20 and 1 <= int(text) <= most):
        raise ValidationError({name: [f"A whole number from 1 to {most} belongs here."]})
    return int(text)
