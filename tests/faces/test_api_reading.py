"""What the API shows, how lists are narrowed and paged, and that asking nonsense is answered with a sentence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factory.django import DjangoModelFactory

from tests import factories as make
from tests.faces.callers import Caller, caller


@pytest.fixture
def auditor(db: None) -> Caller:
    return caller("auditor")


def test_a_pair_is_shown_by_its_name(world: SimpleNamespace, auditor: Caller) -> None:
    shown = auditor.get(f"pairs/{world.pair.name}/").body
    assert shown["erp_system"] == world.pair.erp_system.name
    assert (shown["mode"], shown["parent"], shown["rules_version"]) == ("observe", None, 1)
    assert auditor.get("pairs/").body["results"] == [shown]


@pytest.mark.parametrize("ahead", [None, 12.5])
def test_a_system_says_how_it_is_and_what_its_clock_is(
    world: SimpleNamespace, auditor: Caller, ahead: float | None
) -> None:
    world.system.clock_ahead, world.system.problem = ahead, "The ERP does not answer."
    world.system.credentials = {"client_secret": "hush"}
    world.system.save()
    shown = auditor.get(f"systems/{world.system.name}/").body
    assert (shown["clock_ahead"], shown["problem"]) == (ahead, "The ERP does not answer.")
    assert "hush" not in str(shown)
    assert shown in auditor.get("systems/").body["results"]


def test_a_pair_s_property_table(world: SimpleNamespace, auditor: Caller) -> None:
    (row,) = auditor.get(f"pairs/{world.pair.name}/properties/").body
    assert row["erp_property"] == "name"
    assert (row["crm_property"], row["crm_label"], row["max_length"]) == ("OrganisationName", "Name", 200)
    assert (row["crm_type"], row["transforms"], row["problem"]) == ("string", "trim", "")


def test_a_link_says_what_each_side_holds(world: SimpleNamespace, auditor: Caller) -> None:
    shown = auditor.get(f"links/{world.link.pk}/").body
    assert (shown["pair"], shown["erp_key"], shown["crm_key"]) == (world.pair.name, "cus_1", "145")
    assert shown["crm_seen"] == {"OrganisationName": "Akkurat AS"}
    assert "crm_seen" not in auditor.get("links/").body["results"][0]
    assert "lease_token" not in shown


def test_a_change_says_before_after_and_why(world: SimpleNamespace, auditor: Caller) -> None:
    shown = auditor.get(f"changes/{world.change.pk}/").body
    assert shown["fields"] == world.change.fields
    assert (shown["actor"], shown["outcome"], shown["link"]) == ("hub", "written", world.link.pk)


def test_a_run_an_act_and_a_conflict(world: SimpleNamespace, auditor: Caller) -> None:
    assert auditor.get(f"runs/{world.run.pk}/").body["counts"] == {"written": 2, "unchanged": 3}
    assert auditor.get(f"acts/{world.act.pk}/").body["verb"] == "pause"
    shown = auditor.get(f"conflicts/{world.conflict.pk}/").body
    assert (shown["pair"], shown["name"]) == (world.pair.name, "Akkurat AS")
    assert shown["crm_values"] == {"OrganisationName": "Akkurat ASA"}


LINKS = [
    ({"key": "145"}, ["link"]),
    ({"key": "cus_1"}, ["link"]),
    ({"erp_key": "145"}, []),
    ({"crm_key": "146"}, ["other"]),
    ({"name": "bakeriet"}, ["other", "lonely"]),
    ({"name": "bakeriet", "linked": "true"}, []),
    ({"linked": "false"}, ["other", "lonely"]),
    ({"state": "paused"}, []),
    ({"state": "active", "key": "cus_2"}, ["lonely"]),
    ({"outcome": "failed"}, ["lonely"]),
    ({"problem": "true"}, ["lonely"]),
    ({"problem": "false"}, ["other", "link"]),
]


@pytest.mark.parametrize(("asked", "found"), LINKS)
def test_links_are_found(
    world: SimpleNamespace, auditor: Caller, asked: dict[str, str], found: list[str]
) -> None:
    world.lonely.outcome, world.lonely.problem = "failed", "webCRM refused it."
    world.lonely.save()
    shown = auditor.get("links/", pair=world.pair.name, **asked).body["results"]
    assert [row["id"] for row in shown] == [getattr(world, name).pk for name in found]


def test_other_lists_are_narrowed_too(world: SimpleNamespace, auditor: Caller) -> None:
    make.RunFactory(state="failed")
    make.ChangeFactory(actor="kari", side="erp")
    make.ActFactory(verb="link", actor="kari")
    make.ConflictFactory(state="closed")
    for path, asked, count in (
        ("runs/", {"state": "failed"}, 1),
        ("runs/", {"pair": world.pair.name}, 1),
        ("changes/", {"run": world.run.pk, "link": world.link.pk, "side": "crm"}, 1),
        ("changes/", {"actor": "kari", "since": "2026-11-23T13:00:00+01:00"}, 1),
        ("changes/", {"until": "2026-11-23T11:59:59Z"}, 0),
        ("acts/", {"actor": "kari", "verb": "link"}, 1),
        ("conflicts/", {"state": "open", "pair": world.pair.name}, 1),
        ("conflicts/", {"state": "closed", "pair": world.pair.name}, 0),
    ):
        assert len(auditor.get(path, **asked).body["results"]) == count, (path, asked)


def test_pages_follow_one_another_and_miss_nothing(world: SimpleNamespace, auditor: Caller) -> None:
    made = [world.link, world.lonely, world.other, *make.LinkFactory.create_batch(4, pair=world.pair)]
    seen, page = [], auditor.get("links/", page_size=3).body
    while True:
        seen += [row["id"] for row in page["results"]]
        make.LinkFactory(pair=world.pair)
        if not page["next"]:
            break
        page = auditor.send("GET", page["next"].removeprefix("http://testserver")).body
    assert seen == sorted((link.pk for link in made), reverse=True)


LISTS = [
    ("systems/", make.SystemFactory),
    ("pairs/", make.PairFactory),
    ("links/", make.LinkFactory),
    ("runs/", make.RunFactory),
    ("changes/", make.ChangeFactory),
    ("acts/", make.ActFactory),
    ("conflicts/", make.ConflictFactory),
]


@pytest.mark.parametrize(("path", "factory"), LISTS)
def test_a_list_costs_the_same_however_long_it_is(
    world: SimpleNamespace, auditor: Caller, path: str, factory: type[DjangoModelFactory[Any]]
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            auditor.get(path)
        return len(queries)

    cost()
    before = cost()
    factory.create_batch(5)
    assert cost() == before


NONSENSE = [
    ("links/", {"page_size": "0"}),
    ("links/", {"page_size": "501"}),
    ("links/", {"page_size": "-1"}),
    ("links/", {"page_size": "many"}),
    ("links/", {"page_size": "٣"}),
    ("links/", {"before": "9" * 30}),
    ("links/", {"before": "9" * 5000}),
    ("links/", {"before": "1\x00"}),
    ("links/", {"pair": "nowhere"}),
    ("links/", {"pair": "a\x00b"}),
    ("links/", {"key": "a\x00b"}),
    ("links/", {"name": "x" * 301}),
    ("links/", {"state": "gone"}),
    ("links/", {"run": "-1"}),
    ("links/", {"run": "9" * 30}),
    ("links/", {"colour": "blue"}),
    ("pairs/", {"name": "customers"}),
    ("runs/", {"trigger": "weather"}),
    ("changes/", {"link": "9" * 5000}),
    ("changes/", {"since": "yesterday"}),
    ("changes/", {"since": "0001-01-01T00:00:00+14:00"}),
    ("changes/", {"until": "9999-12-31T23:59:59-14:00"}),
    ("acts/", {"until": "2026-13-01T00:00:00Z"}),
    ("acts/", {"verb": "\x00"}),
]


@pytest.mark.parametrize(("path", "asked"), NONSENSE)
def test_nonsense_is_refused_with_a_sentence(auditor: Caller, path: str, asked: dict[str, str]) -> None:
    answer = auditor.get(path, **asked)
    assert answer.code == 400
    (name,) = asked
    assert name in answer.body["fields"]
    assert "Enter a valid" not in answer.body["error"]
    assert name in answer.body["error"]


@pytest.mark.parametrize("key", ["0", "9999", "9" * 19, "9" * 30, "-1", "x", "%00", "1%00"])
@pytest.mark.parametrize("path", ["links", "runs", "changes", "acts", "conflicts", "pairs", "systems"])
def test_what_is_not_there_is_404(auditor: Caller, path: str, key: str) -> None:
    answer = auditor.send("GET", f"{path}/{key}/")
    assert answer.code == 404
    assert "There is no such" in answer.body["error"]


def test_an_address_without_its_slash_says_so(auditor: Caller) -> None:
    answer = auditor.send("POST", "links")
    assert (answer.code, "end with a slash" in answer.body["error"]) == (404, True)
