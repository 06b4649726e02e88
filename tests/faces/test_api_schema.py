"""The API's own description."""

from __future__ import annotations

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from tests.faces.callers import caller


def test_the_description_has_no_warnings(tmp_path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))


def test_every_operation_says_how_it_may_be_refused() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    operations = [each for path in schema["paths"].values() for each in path.values()]
    assert len(operations) > 20
    assert all({"400", "401", "403", "429"} <= set(each["responses"]) for each in operations)
    assert schema["components"]["schemas"]["Error"]["required"] == ["error", "fields"]


def test_a_ruling_says_what_it_means_for_a_contact_that_moved() -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    resolve = schema["paths"]["/api/v1/conflicts/{id}/resolve/"]["post"]
    assert "`erp` replaces it under its new parent, `crm` keeps it" in " ".join(
        resolve["description"].split()
    )


@pytest.mark.parametrize(("role", "code"), [("auditor", 200), ("nobody", 401)])
def test_the_description_is_for_those_who_are_known(db: None, role: str, code: int) -> None:
    token = caller(role).token
    headers = {"Authorization": f"Token {token}"} if token else {}
    answer = Client().get("/api/schema/", headers=headers)
    assert answer.status_code == code
    if code == 200:
        assert "/api/v1/links/{id}/resync/" in yaml.safe_load(answer.content)["paths"]
