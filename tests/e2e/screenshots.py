"""`make screenshots`: pictures of the admin at work, taken of a real hub beside both pretend systems.

python -m tests.e2e.screenshots [DIRECTORY]      default: docs/images
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests import servers
from tests.e2e import harness
from tests.e2e.harness import ROOT, Hub, Systems

PAGES = {
    "pairs": "entitypair/",
    "properties": "entitypair/1/properties/",
    "conflicts": "conflict/",
    "changes": "change/",
}
"""What is shown, by the picture's name: its address in the admin."""

ADMINISTRATOR = """
from django.contrib.auth.models import User
User.objects.create_superuser("administrator", password="shown", first_name="Astrid", last_name="Administrator")
answer = None
"""


def main(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        with harness.sandbox(here) as systems, harness.hub(here, systems) as hub:
            _live_a_little(hub, systems)
            with hub.web() as url:
                _shoot(url, place)


def _live_a_little(hub: Hub, systems: Systems) -> None:
    """A first sync, a few edits on both sides, and a conflict to look at."""
    hub.load_defaults()
    hub.ask(ADMINISTRATOR)
    hub.go_live(by="administrator")
    hub.sync()
    linked = [row for row in systems.crm.state("Organisations") if row["OrganisationExtraCustom8"]][:6]
    for number, row in enumerate(linked):
        systems.erp.edit("customers", row["OrganisationExtraCustom8"], phone=f"+47 22 33 44 {number}0")
    for row in linked[3:]:
        systems.crm.edit("Organisations", row["OrganisationId"], OrganisationTelephone="+47 99 88 77 66")
    hub.sync(check=False)


def _shoot(url: str, place: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=servers.browser(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/admin/login/")
        page.fill("#id_username", "administrator")
        page.fill("#id_password", "shown")
        page.press("#id_password", "Enter")
        page.wait_for_url(f"{url}/admin/")
        for name, address in PAGES.items():
            _take(page, f"{url}/admin/sync/{address}", place / f"{name}.png")
        browser.close()


def _take(page: Page, address: str, picture: Path) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
