"""One line an event, readable by machines, without secrets."""

from __future__ import annotations

import json
import logging

import pytest

from hub.logs import JsonFormatter, Redact


@pytest.fixture
def lines():
    """A logger and the parsed lines it wrote."""
    written: list[dict[str, str]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = self.format(record)
            assert "\n" not in text
            assert "\r" not in text
            written.append(json.loads(text))

    logger = logging.Logger("sync.test")
    handler = Kept()
    handler.setFormatter(JsonFormatter())
    handler.addFilter(Redact(["canary-secret", ""]))
    logger.addHandler(handler)
    return logger, written


def test_a_line_is_the_sentence_and_its_fields(lines):
    logger, written = lines
    logger.info("link settled", extra={"link": 7, "pair": "customers"})
    assert written[0] | {"at": ""} == {
        "at": "",
        "level": "info",
        "logger": "sync.test",
        "event": "link settled",
        "link": 7,
        "pair": "customers",
    }
    assert written[0]["at"].endswith("+00:00")


class HttpRequestFake:
    def __repr__(self) -> str:
        return "<WSGIRequest: GET '/hooks/crm/canary/'>"


SECRETS = [
    ("the key is canary-secret", {}),
    ("fetched", {"password": "canary"}),
    ("fetched", {"access_token": "canary"}),
    ("fetched", {"Authorization": "Basic canary"}),
    ("fetched", {"api_key": "canary"}),
    ("fetched", {"address": "https://me:canary@erp.local/x"}),
    ("sent Authorization: Bearer canary", {}),
    ("Not Found: /hooks/crm/canary/", {}),
    ("Not Found", {"request": HttpRequestFake()}),
    ("fetched", {"sent": {"headers": [{"Authorization": "canary"}]}}),
]


@pytest.mark.parametrize(("event", "fields"), SECRETS)
def test_secrets_are_struck_out(lines, event, fields):
    logger, written = lines
    logger.warning(event, extra=fields)
    assert "canary" not in json.dumps(written)
    assert "***" in json.dumps(written)


def test_the_system_of_a_hook_stays_readable(lines):
    logger, written = lines
    logger.warning("Not Found: %s", "/hooks/crm/abc/")
    assert written[0]["event"] == "Not Found: /hooks/crm/***/"


def test_a_trace_keeps_its_line_breaks_inside_the_line_and_loses_its_secrets(lines):
    logger, written = lines
    try:
        raise ValueError("bad canary-secret")
    except ValueError:
        logger.exception("job errored")
    assert "ValueError: bad ***" in written[0]["trace"]


def test_a_strangers_line_breaks_make_no_second_line(lines):
    logger, written = lines
    logger.warning("name was %s", "x\r\n{}", extra={"name_given": "a\nb"})
    assert written[0]["event"] == "name was x\r\n{}"
    assert len(written) == 1


def test_what_json_cannot_say_is_said_as_text(lines):
    logger, written = lines
    logger.info("sized", extra={"kinds": {1j}})
    assert written[0]["kinds"] == "{1j}"
