"""Hooks: registering them, and what is really posted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.webcrm_stage import OTHER_HUB, STARTED, Stage

TARGET = "http://127.0.0.1:9/hooks/crm/secret/"


@pytest.fixture
def stage() -> Stage:
    return Stage()


def hook(**values: Any) -> dict[str, Any]:
    return {
        "Id": 0,
        "EventType": "Update",
        "Filter": ["All"],
        "IsEnabled": True,
        "TargetUrl": TARGET,
    } | values


def heard(stage: Stage) -> list[tuple[str, str, bytes]]:
    """What has been posted after the background work was done once more."""
    stage.server.tick()
    return stage.listener.heard


def test_a_hook_is_created_read_changed_and_removed(stage: Stage) -> None:
    assert stage.call("POST", "/Persons/Hooks", hook()).data == b"1"
    shown = hook(Id=1) | {
        "CreatedAt": STARTED,
        "CreatedBy": "api2 hub",
        "UpdatedAt": STARTED,
        "UpdatedBy": "api2 hub",
    }
    assert stage.get("/Persons/Hooks") == [shown]
    assert stage.get("/persons/hooks/1") == shown
    assert stage.get("/Products/Hooks") == []
    assert stage.call("PUT", "/Persons/Hooks/1", hook(Id=1, IsEnabled=False)).status_code == 200
    assert stage.get("/Persons/Hooks/1")["IsEnabled"] is False
    assert stage.call("DELETE", "/Persons/Hooks/1").status_code == 200
    assert stage.refused("GET", "/Persons/Hooks/1")[0] == 404


def test_only_ones_own_hooks_are_seen(stage: Stage) -> None:
    stage.call("POST", "/Persons/Hooks", hook(), by=OTHER_HUB)
    assert stage.get("/Persons/Hooks") == []
    assert stage.refused("DELETE", "/Persons/Hooks/1")[0] == 404


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"EventType": "Merge"}, "EventType"),
        ({"Filter": ["Owner"]}, "Filter"),
        ({"Filter": "All"}, "Filter"),
        ({"IsEnabled": None}, "IsEnabled"),
        ({"TargetUrl": "nowhere"}, "TargetUrl"),
        ({"TargetUrl": None}, "TargetUrl"),
        ({"TargetUrl": "http://["}, "TargetUrl"),
        ({"TargetUrl": "http:///x"}, "TargetUrl"),
    ],
)
def test_a_hook_that_makes_no_sense_is_refused(stage: Stage, values: dict[str, Any], field: str) -> None:
    status, message = stage.refused("POST", "/Persons/Hooks", hook(**values))
    assert (status, message) == (400, f"The field {field} is not valid.")


def test_a_persons_edit_is_told_by_the_address_of_the_record(stage: Stage) -> None:
    stage.call("POST", "/Organisations/Hooks", hook())
    stage.control("edit", entity="Organisations", key=2, values={"OrganisationCity": "Oslo"})
    body = b'{"EventType":"Update","ResourceUrl":"https://api.webcrm.com/Organisations/2"}'
    assert heard(stage) == [(TARGET, "application/json", body)]
    assert len(heard(stage)) == 1


@pytest.mark.parametrize(
    ("payload", "kind", "body"),
    [
        ("bare_string", "application/json", b'"https://api.webcrm.com/Persons/1"'),
        (
            "form",
            "application/x-www-form-urlencoded",
            b"EventType=Update&ResourceUrl=https://api.webcrm.com/Persons/1",
        ),
    ],
)
def test_other_payloads(stage: Stage, payload: str, kind: str, body: bytes) -> None:
    stage.turn(hook_payload=payload)
    stage.call("POST", "/Persons/Hooks", hook())
    stage.call("PUT", "/Persons/1", {"PersonId": 1, "PersonTitle": "Sjef"})
    assert heard(stage) == [(TARGET, kind, body)]


def test_each_hook_hears_its_entity_and_event_only(stage: Stage) -> None:
    for event in ("Create", "Update", "Delete"):
        stage.call("POST", "/Products/Hooks", hook(EventType=event, TargetUrl=f"http://x/{event}"))
    stage.call("POST", "/Persons/Hooks", hook(IsEnabled=False))
    stage.call("POST", "/Persons/Hooks", hook(Filter=["OrganisationOwner"]))
    stage.call("POST", "/Products", {"ProductId": 0, "ProductOrganisationId": 3})
    stage.call("PATCH", "/Products", [{"ProductId": 1, "ProductPrice": 1}])
    stage.call("DELETE", "/Products/2")
    stage.control("edit", entity="Persons", key=1, values={"PersonTitle": "x"})
    assert [url for url, _, _ in heard(stage)] == ["http://x/Create", "http://x/Update", "http://x/Delete"]


def test_a_refused_write_is_not_told(stage: Stage) -> None:
    stage.call("POST", "/Persons/Hooks", hook())
    stage.call("PUT", "/Persons/1", {"PersonId": 1, "PersonLastName": ""})
    assert heard(stage) == []


def test_a_failed_delivery_is_tried_once_more_after_ten_seconds(stage: Stage) -> None:
    stage.call("POST", "/Persons/Hooks", hook())
    stage.listener.status = 500
    stage.call("PUT", "/Persons/1", {"PersonId": 1, "PersonTitle": "Sjef"})
    counts = []
    for seconds in (0, 9, 10, 20, 60):
        stage.shift(seconds)
        counts.append(len(heard(stage)))
    assert counts == [1, 1, 2, 2, 2]
