"""Paths into answers: JMESPath, with JSONPath's `$.` in front if somebody is used to it."""

from __future__ import annotations

import re
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from sync.connectors.http.json_text import scalar

ROOT = re.compile(r"\$\.|\$(?=\[)")


class Expression:
    """A compiled path. ValueError for one that is no path."""

    def __init__(self, text: str) -> None:
        self.text = text
        plain = ROOT.sub("", text.strip()).replace("$", "@")
        try:
            self._compiled = jmespath.compile(plain)
        except (JMESPathError, AttributeError) as error:
            raise ValueError(text) from error

    def of(self, body: Any) -> Any:
        """What stands there; None where nothing does, or the path does not fit what came."""
        try:
            return self._compiled.search(body)
        except JMESPathError:
            return None

    def text_of(self, body: Any) -> str:
        """The same as text that every database can keep: "" for nothing and for what is no scalar."""
        found = self.of(body)
        return "" if found is None or isinstance(found, bool | list | dict) else str(scalar(str(found)))
