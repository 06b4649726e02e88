"""How bodies are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class PlainJSONParser(JSONParser):
    """JSON as people write it: what is nested without end is refused like any other nonsense."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError as error:
            what = str(error.detail).removeprefix("JSON parse error - ")
            raise ParseError(f"The body is not JSON: {what}. Send an object.") from error
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
