"""One of everything, and somebody of every role who is logged in."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests import factories as make

SignIn = Callable[[str], Client]


@pytest.fixture
def sign_in(db: None) -> SignIn:
    """A browser of somebody with that role; `stranger` has none, `root` is a superuser, nobody is logged out."""

    def enter(role: str) -> Client:
        client = Client()
        if role != "nobody":
            client.force_login(_person(role))
        return client

    return enter


def _person(role: str) -> User:
    found = User.objects.filter(username=role).first()
    if found:
        return found
    if role == "root":
        return User.objects.create_superuser("root", password=make.PASSWORD)
    return make.UserFactory(username=role, role="" if role == "stranger" else role)


@pytest.fixture
def world(db: None) -> SimpleNamespace:
    """A pair with mappings, a link, a one-sided link, a run, a change, an act and an open conflict."""
    pair = make.PairFactory()
    mapping = make.MappingFactory(pair=pair)
    make.SchemaFactory(system=pair.erp_system)
    make.SchemaFactory(
        system=pair.crm_system,
        entity="Organisations",
        properties=[
            make.row("OrganisationName", label="Name", max_length=200),
            make.row("OrganisationTelephone"),
        ],
    )
    match = make.MatchRuleFactory(pair=pair, position=1)
    link = make.LinkFactory(pair=pair, erp_key="cus_1", crm_key="145", name="Akkurat AS")
    lonely = make.LinkFactory(pair=pair, erp_key="cus_2", crm_key=None, name="Bakeriet AS")
    other = make.LinkFactory(pair=pair, erp_key=None, crm_key="146", name="Bakeriet")
    run = make.RunFactory(pair=pair)
    change = make.ChangeFactory(link=link, run=run)
    act = make.ActFactory(pair=pair, link=link)
    conflict = make.ConflictFactory(link=link, mapping=mapping)
    return SimpleNamespace(
        pair=pair, mapping=mapping, match=match, system=pair.erp_system, link=link, lonely=lonely, other=other,
        run=run, change=change, act=act, conflict=conflict,
    )  # fmt: skip


@pytest.fixture
def queued(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> list[tuple[object, ...]]:
    """What is asked of the queue: names and ids."""
    found: list[tuple[object, ...]] = []
    monkeypatch.setattr("sync.jobs._put", lambda *asked: found.append(asked))
    return found
