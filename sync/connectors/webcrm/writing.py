"""What is sent to webCRM for one operation, and what its answers mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sync.connectors.base import (
    ConnectorError,
    Gone,
    NotNow,
    Operation,
    OperationKind,
    Refused,
    Result,
    Unknown,
)
from sync.connectors.http.json_text import scalar
from sync.connectors.http.messages import Answer
from sync.connectors.webcrm.facts import HIDDEN, MASK, UNSET_DATE, Facts
from sync.core.records import Property, Value
from sync.core.vocabulary import DataType

CLEARED: Mapping[DataType, Value] = {
    DataType.STRING: "",
    DataType.DATETIME: UNSET_DATE,
    DataType.DATE: UNSET_DATE,
    DataType.INTEGER: 0,
    DataType.NUMBER: 0,
    DataType.BOOLEAN: False,
}
"""What empties a property: null and absent both leave it as it is."""
ID = re.compile(r"[0-9]+")
NAMES = re.compile(r"\b(?:Organisation|Person|Product)[A-Z]\w*")
WORDS = re.compile(r"\w+")
PASSING = re.compile(r"error has occurred|deadlock|timed? ?out|primary key", re.IGNORECASE)
"""What webCRM says of a row that failed for reasons of its own: its ids clash when records are made quickly."""
MISSING = re.compile(r"not found|not exist|no such", re.IGNORECASE)


def body_of(facts: Facts, operation: Operation, properties: Mapping[str, Property]) -> dict[str, Any]:
    """The row to send: the id and what changes. Refused for what must never be written."""
    creates = operation.kind is OperationKind.CREATE
    key = "0" if creates else operation.key or ""
    if not ID.fullmatch(key):
        raise Refused(f"'{key[:40]}' is no id of {facts.entity}.")
    faults = {path: why for path, value in operation.values.items() if (why := _fault(facts, path, value))}
    if not creates:
        faults |= {p: "cannot change after creation" for p in facts.fixed_paths if p in operation.values}
    faults |= {path: why for path in operation.values if (why := _kept(properties.get(path)))}
    if faults:
        said = "; ".join(f"{path} {why}" for path, why in faults.items())
        raise Refused(f"Not sent to webCRM: {said}.", fields=faults)
    filled = {
        path: _cleared(properties.get(path)) if value is None else value
        for path, value in operation.values.items()
        if not (creates and value is None)
    }
    return {facts.key: int(key), **filled}


def row_result(operation: Operation, said: Any) -> Result:
    """What one string of a PATCH answer means for its operation."""
    text = str(said) if isinstance(said, int) and not isinstance(said, bool) else said
    if operation.kind is OperationKind.CREATE:
        return _created(operation, text)
    if text is None or text == "" or text == operation.key:
        return Result(key=operation.key)
    if isinstance(text, str) and not ID.fullmatch(text):
        return Result(key=operation.key, error=_refusal(operation, text))
    return Result(
        key=operation.key, error=Unknown("webCRM answered an update with another id: look at both.")
    )


def new_id(facts: Facts, body: Any) -> str | None:
    """The id a POST answers with: in an object, bare, or as text; None where it does not say."""
    said = body.get(facts.key) if isinstance(body, dict) else body
    if isinstance(said, bool) or not isinstance(said, int | str) or not ID.fullmatch(str(said)):
        return None
    return str(said) if int(said) > 0 else None


def refusal_of(operation: Operation, answer: Answer, said: str) -> ConnectorError:
    """What a 4xx means for a single operation."""
    if answer.status == 404:
        return Gone(f"webCRM has no record {operation.key}.")
    fields = _model_state(answer.body)
    if fields:
        return Refused(f"webCRM refused it: {'; '.join(fields.values())}", fields=fields)
    return _refusal(operation, said or f"status {answer.status}")


def message_of(body: Any) -> str:
    """The sentence in an error body, where it has one."""
    if not isinstance(body, Mapping):
        return ""
    said = body.get("Message") or body.get("ErrorDescription") or body.get("Error") or body.get("title")
    return said if isinstance(said, str) else "; ".join(_model_state(body).values())


def _created(create: Operation, text: Any) -> Result:
    if isinstance(text, str) and ID.fullmatch(text) and int(text) > 0:
        return Result(key=str(int(text)))
    if isinstance(text, str) and text and not ID.fullmatch(text):
        return Result(error=_refusal(create, text))
    return Result(error=Unknown("webCRM did not say which id the new record has: look it up."))


def _refusal(operation: Operation, text: str) -> ConnectorError:
    missing = MISSING.search(text) and operation.key in WORDS.findall(text)
    if operation.kind is OperationKind.UPDATE and missing and not _named(text):
        return Gone(f"webCRM has no record {operation.key}: {text}")
    if PASSING.search(text) and not _named(text):
        return NotNow(f"webCRM could not do it just now: {text}")
    return Refused(f"webCRM refused it: {text}", fields=_named(text))


def _named(text: str) -> dict[str, str]:
    return dict.fromkeys(NAMES.findall(text), text)


def _model_state(body: Any) -> dict[str, str]:
    """ASP.NET's other way to say what is wrong: lists of sentences by property."""
    if not isinstance(body, Mapping):
        return {}
    inner = next(
        (body[name] for name in ("errors", "ModelState") if isinstance(body.get(name), Mapping)), body
    )
    return {
        name: str(scalar(" ".join(str(sentence) for sentence in said)))
        for name, said in inner.items()
        if isinstance(said, list) and said
    }


def _fault(facts: Facts, path: str, value: Value) -> str:
    if not path.startswith(facts.prefix) or "." in path:
        return "is not a property of this entity"
    if HIDDEN.search(path) or value == MASK:
        return "is never written"
    return ""


def _kept(known: Property | None) -> str:
    return "is kept by webCRM itself" if known is not None and known.read_only else ""


def _cleared(known: Property | None) -> Value:
    return CLEARED[known.type if known else DataType.STRING]
