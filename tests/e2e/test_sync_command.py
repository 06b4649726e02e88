"""`manage.py sync` against both pretend systems."""

from __future__ import annotations

import pytest

from tests.e2e.harness import Hub, Systems
from tests.e2e.processes import eventually

pytestmark = pytest.mark.e2e


def counterparts(systems: Systems) -> dict[str, list[str]]:
    """ERP id to webCRM names, from webCRM's own records."""
    found: dict[str, list[str]] = {}
    for row in systems.crm.state("Organisations"):
        if reference := row["OrganisationExtraCustom8"]:
            found.setdefault(reference, []).append(row["OrganisationName"])
    return found


def test_the_first_sync_links_everybody_once_and_the_second_writes_nothing(hub: Hub, systems: Systems):
    hub.go_live()
    first = hub.sync("--full")
    assert [run["pair"] for run in first] == ["customers", "contacts", "products"]
    assert all(run["outcome"] == "done" and run["counts"].get("written") for run in first)
    assert all(len(names) == 1 for names in counterparts(systems).values())
    written = len(systems.erp.writes()), len(systems.crm.writes())
    hub.sync()
    assert (len(systems.erp.writes()), len(systems.crm.writes())) == written


def test_the_calls_it_tells_are_those_the_systems_counted(hub: Hub, systems: Systems):
    hub.go_live()
    systems.erp.clear_calls()
    systems.crm.clear_calls()
    runs = hub.sync("--full")
    for name, system in (("erp", systems.erp), ("crm", systems.crm)):
        assert sum(run["calls_total"][name] for run in runs) == system.calls()["total"]


def test_an_edit_on_either_side_arrives_on_the_other(hub: Hub, systems: Systems):
    hub.go_live()
    hub.sync("--full")
    key = next(iter(counterparts(systems)))
    systems.erp.edit("customers", key, name="Fjord Eiendom AS")
    hub.sync("customers")
    assert counterparts(systems)[key] == ["Fjord Eiendom AS"]
    (row,) = (row for row in systems.crm.state("Organisations") if row["OrganisationExtraCustom8"] == key)
    systems.crm.edit("Organisations", row["OrganisationId"], OrganisationTelephone="+47 99 88 77 66")
    hub.sync("customers")
    (customer,) = (row for row in systems.erp.state("customers") if row["id"] == key)
    assert customer["phone"] == "+47 99 88 77 66"


def test_a_worker_takes_up_what_became_due(hub: Hub, systems: Systems):
    hub.go_live()
    hub.sync("--full")
    key = next(iter(counterparts(systems)))
    systems.erp.edit("customers", key, name="Fjord Eiendom AS")
    with hub.worker():
        hub.ask(
            "from sync.models.pairs import EntityPair\n"
            "from sync.services import runs\n"
            "pair = EntityPair.objects.get(name='customers')\n"
            "answer = runs.request(pair, by='test', trigger='person').pk"
        )
        eventually(lambda: counterparts(systems)[key] == ["Fjord Eiendom AS"], "the edit arrives")


def test_a_system_that_cannot_be_reached_is_said_in_one_sentence(hub: Hub, systems: Systems):
    systems.erp.fail(status=500, times=1000)
    found = hub.manage("sync", "customers", check=False)
    assert found.returncode == 1
    assert "Traceback" not in found.stdout + found.stderr


def test_without_pairs_there_is_nothing_to_do(bare_hub: Hub):
    assert bare_hub.sync() == []
    assert bare_hub.manage("sync", "customers", check=False).returncode == 2
