"""`python -m sandbox` as people start it: real processes, real sockets, real hooks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sandbox.__main__ import main

SMALL = ("--customers=20", "--contacts=20", "--products=5")


@contextmanager
def sandbox(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The process, and the address of each system once both are ready."""
    command = [sys.executable, "-m", "sandbox", *arguments, "--erp-port=0", "--crm-port=0", *SMALL]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().split() for _ in range(2 if "both" in arguments else 1)]
        yield process, {name: url for _, name, url in lines}
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with suppress(ProcessLookupError):  # whoever is left of its group, and of no other
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGTERM)],
)
def test_both_say_where_they_listen_and_end_on_signals(numbers: tuple[int, ...]) -> None:
    with sandbox("both") as (process, urls):
        assert set(urls) == {"customerp", "webcrm"}
        for url in urls.values():
            with urllib.request.urlopen(f"{url}/_control/health") as answer:
                assert answer.status == 200
        for number in numbers:
            process.send_signal(number)
        assert process.wait(10) == 0
    for url in urls.values():
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=1)


def test_what_was_written_outlives_the_process(tmp_path: Path) -> None:
    for _ in range(2):
        with sandbox("webcrm", f"--state={tmp_path}") as (_, urls):
            http = HTTPConnection(urls["webcrm"].removeprefix("http://"))
            before = len(listed(http))
            order = b'{"entity":"Organisations","values":{"OrganisationName":"Ny"}}'
            http.request("POST", "/_control/create", order)
            http.getresponse().read()
            assert len(listed(http)) == before + 1
            http.close()
    assert before > 1
    with sandbox("webcrm", f"--state={tmp_path}") as (_, urls):
        http = HTTPConnection(urls["webcrm"].removeprefix("http://"))
        assert len(listed(http)) == before + 1
        http.close()


def test_a_hook_is_really_posted() -> None:
    with sandbox("webcrm", "--set=hook_payload=bare_string", "--crm-auth-code=code-1") as (_, urls):
        receiver = HTTPServer(("127.0.0.1", 0), Receiver)
        receiver.timeout = 10
        listening = Thread(target=receiver.handle_request)
        listening.start()
        http = HTTPConnection(urls["webcrm"].removeprefix("http://"))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        http.request("POST", "/Auth/ApiLogin", b"authCode=code-1", form)
        token = answered(http)["AccessToken"]
        hook = (
            b'{"Id":0,"EventType":"Update","Filter":["All"],"IsEnabled":true,'
            b'"TargetUrl":"http://127.0.0.1:%d/hooks/x/"}' % receiver.server_port
        )
        http.request("POST", "/Persons/Hooks", hook, {"Authorization": f"Bearer {token}"})
        assert answered(http) == 1
        http.request("POST", "/_control/edit", b'{"entity":"Persons","key":1,"values":{}}')
        answered(http)
        listening.join(10)
        receiver.server_close()
        http.close()
    assert Receiver.heard == [("/hooks/x/", b'"https://api.webcrm.com/Persons/1"')]


def test_a_taken_port_is_one_sentence_and_ends_both() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "sandbox", "both", f"--erp-port={port}", "--crm-port=0", *SMALL]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another port.\n"
    )


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("volume=11", "There is no switch volume"),
        ("max_name", "max_name is not NAME=VALUE."),
        ("max_name=long", "max_name takes a whole number, not 'long'."),
        ("over_long=shrug", "over_long is one of reject, cut, not shrug."),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence(
    capsys: pytest.CaptureFixture[str], setting: str, sentence: str
) -> None:
    assert main(["webcrm", "--crm-port=0", *SMALL, "--set", setting]) == 2
    assert sentence in capsys.readouterr().err


class Receiver(BaseHTTPRequestHandler):
    heard: list[tuple[str, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def listed(http: HTTPConnection) -> list[dict[str, Any]]:
    http.request("GET", "/_control/state/Organisations")
    rows: list[dict[str, Any]] = answered(http)
    return rows


def answered(http: HTTPConnection) -> Any:
    return json.loads(http.getresponse().read())
