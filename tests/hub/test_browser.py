"""The admin and the API's pages in a real browser: nothing on them is stopped by our own policy."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery"
pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a hub of our own with one administrator, anna, answers."""
    file = tmp_path_factory.mktemp("hub") / "hub.sqlite3"
    environ = {**os.environ, "DEBUG": "1", "DATABASE_URL": f"sqlite:///{file}"}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity=0"], cwd=ROOT, env=environ, check=True)
    admin = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    create = [*manage, "createsuperuser", "--no-input", "--username=anna", "--email=anna@example.com"]
    subprocess.run(create, cwd=ROOT, env=environ | admin, check=True, capture_output=True)
    serve = [sys.executable, "-m", "gunicorn", "hub.wsgi", "--bind=127.0.0.1:0", "--threads=4"]
    with subprocess.Popen(
        [*serve, "--no-control-socket"], cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True
    ) as server:
        yield _listening(server)
        server.terminate()


def _listening(server: subprocess.Popen[str]) -> str:
    assert server.stderr
    deadline = time.monotonic() + 30
    said = ""
    while select.select([server.stderr], [], [], deadline - time.monotonic())[0]:
        line = server.stderr.readline()
        said += line
        if found := re.search(r"Listening at: (http://\S+)", line):
            return found[1]
        if not line:
            break
    server.kill()
    raise AssertionError(f"The web server did not start: {said}")


@pytest.fixture(scope="module")
def page(chromium: str, address: str) -> Iterator[Page]:
    """A page logged in as anna."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(base_url=address)
        page.goto("/admin/")
        page.fill("[name=username]", "anna")
        page.fill("[name=password]", PASSWORD)
        page.click("[type=submit]")
        page.wait_for_url("**/admin/")
        yield page
        browser.close()


@pytest.mark.parametrize("path", ["/admin/", "/admin/auth/user/", "/admin/auth/user/1/change/", "/api/docs/"])
def test_a_page_loads_whole_and_asks_nobody_else(page: Page, address: str, path: str):
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path, wait_until="networkidle")
    assert said == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def test_the_docs_list_the_api(page: Page):
    page.goto("/api/docs/")
    page.wait_for_selector(".swagger-ui .info .title")
    assert "Hub" in page.inner_text(".swagger-ui .info .title")
