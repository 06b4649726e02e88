"""One JSON object a line: a fixed sentence, its fields, no secrets, no line breaks of a stranger's making."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

STRUCK = "***"
SECRET_NAME = re.compile(
    r"pass(word|wd)?$|secret|token$|credential|authori[sz]ation|cookie|api_?key|private", re.I
)
SECRET_TEXT = (
    re.compile(r"(?i)(?<=bearer )\S+"),
    re.compile(r"(?<=://)[^/@\s]+(?=@)"),
    re.compile(r"(?<=/hooks/)([\w-]+/)[^/\s]+"),
)
OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Redact(logging.Filter):
    """Strikes out known secret values, what looks like one, and every field named like one."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        super().__init__()
        self.values = tuple(value for value in values if value)

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.text(record.getMessage()), None
        if record.exc_info:
            record.exc_text = self.text(logging.Formatter().formatException(record.exc_info))
        for name, value in _fields(record).items():
            setattr(record, name, self.field(name, value))
        return True

    def field(self, name: str, value: Any) -> Any:
        return STRUCK if SECRET_NAME.search(name) else self.value(value)

    def value(self, value: Any) -> Any:
        """The value without its secrets. What is not plain becomes text: a request names its address."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {str(name): self.field(str(name), each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return self.text(str(value))

    def text(self, text: str) -> str:
        for value in self.values:
            text = text.replace(value, STRUCK)
        for pattern in SECRET_TEXT:
            text = pattern.sub(lambda match: f"{match[1] if match.re.groups else ''}{STRUCK}", text)
        return text


class JsonFormatter(logging.Formatter):
    """Times are UTC; what JSON cannot say is said as text."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["trace"] = record.exc_text or self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in OWN_FIELDS}
