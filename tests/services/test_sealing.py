"""Credentials and the keys that seal them: lost, found again, and exchanged."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from sync.connectors.base import Misconfigured
from sync.models.runs import Act
from sync.models.systems import System
from sync.services.acts import NotPossible
from sync.services.opening import opened
from sync.services.systems import enter_credentials
from tests import factories as make

pytestmark = pytest.mark.django_db

SECRETS = {"auth_code": "open sesame"}


def key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def old_keys(settings: Any) -> tuple[str, ...]:
    return tuple(settings.HUB_KEYS)


@pytest.fixture
def crm(settings: Any, old_keys: tuple[str, ...]) -> System:
    """A system whose credentials no key opens any more."""
    crm = make.SystemFactory(name="crm", kind="webcrm", address="https://crm.example/", credentials=SECRETS)
    settings.HUB_KEYS = (key(),)
    return crm


def found() -> System:
    return System.objects.get()


def test_credentials_that_no_key_opens_are_none_and_are_kept(
    crm: System, settings: Any, old_keys: tuple[str, ...]
):
    lost = found()
    assert dict(lost.credentials) == {}
    lost.save()
    settings.HUB_KEYS = (key(), *old_keys)
    assert dict(found().credentials) == SECRETS


def test_a_system_whose_credentials_cannot_be_opened_is_not_called(crm: System):
    with pytest.raises(Misconfigured, match="cannot be opened with the keys in HUB_KEYS"):
        opened(found())


def test_credentials_may_be_entered_again(crm: System):
    enter_credentials(found(), {"auth_code": "new"}, by="kari", keep=True)
    assert dict(found().credentials) == {"auth_code": "new"}


def test_saving_an_empty_form_does_not_throw_away_what_a_key_may_open_again(
    crm: System, settings: Any, old_keys: tuple[str, ...]
):
    with pytest.raises(NotPossible, match=r"^Nothing was entered, and nothing has changed\. .* HUB_KEYS"):
        enter_credentials(found(), {}, by="kari", keep=True)
    settings.HUB_KEYS = (key(), *old_keys)
    assert dict(found().credentials) == SECRETS


def test_sealing_anew_lets_the_old_key_go(settings: Any):
    make.SystemFactory(credentials=SECRETS)
    new = key()
    settings.HUB_KEYS = (new, *settings.HUB_KEYS)
    call_command("reseal")
    settings.HUB_KEYS = (new,)
    assert dict(found().credentials) == SECRETS
    assert Act.objects.get().verb == "seal anew"


def test_nothing_is_sealed_anew_that_cannot_be_opened(crm: System):
    with pytest.raises(CommandError, match=r"^crm: The stored credentials cannot be opened"):
        call_command("reseal")
    assert not Act.objects.exists()
