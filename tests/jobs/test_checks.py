"""A test of the connection ends: with a sentence, however it goes, and however often its worker dies of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks

from sync import jobs
from sync.engine.check import TRIES
from sync.engine.slice import LEASE
from sync.models.systems import System
from sync.queue.hints import waiting
from sync.services.systems import request_check
from tests.world import World, failing, make_world


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """The jobs find the stage's systems; the time is ours, as it is the sweeper's."""
    stage = make_world()
    stage.clock.time = timezone.now()
    monkeypatch.setattr(jobs, "means", lambda: stage.means)
    return stage


class Died(BaseException):
    """What a killed worker never gets to say."""


@pytest.fixture
def swept(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks):
    """What the sweeper asks for, with every message lost that was sent before."""

    def sweep() -> set[str]:
        OrmQ.objects.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            jobs.sweep_up()
        return waiting()

    return sweep


def asked(name: str = "erp") -> System:
    request_check(System.objects.get(name=name), by="anna")
    return System.objects.get(name=name)


def test_another_system_at_the_address_is_a_problem_of_the_system(world: World) -> None:
    system = asked()
    jobs.perform("check", system.pk)
    system.refresh_from_db()
    assert system.problem == ""
    world.erp.identity = "another tenant"
    system = asked()
    jobs.perform("check", system.pk)
    system.refresh_from_db()
    assert system.check_result.startswith("'erp (another tenant)' answers at the address of erp")
    assert system.problem == system.check_result


def test_a_defect_of_ours_ends_the_test_with_a_sentence(
    world: World, swept, caplog: pytest.LogCaptureFixture
) -> None:
    system = asked()
    with failing(world.erp, "identity", "before", ZeroDivisionError("secret words")):
        jobs.perform("check", system.pk)
    system.refresh_from_db()
    assert system.check_result.startswith("A defect of the hub ended this test; its log has the details.")
    assert system.problem == system.check_result
    assert swept() == set()
    assert [said.message for said in caplog.records if said.exc_info] == ["check errored"]


def test_a_test_that_is_under_way_is_not_asked_for_again(world: World, swept) -> None:
    system = asked()
    die_of(world, system)
    assert swept() == set()
    System.objects.update(check_begun_at=timezone.now() - LEASE - timedelta(seconds=1))
    assert swept() == {f"check:{system.pk}"}


def test_a_test_that_kills_its_worker_is_given_up(world: World, swept) -> None:
    system = asked()
    for _ in range(TRIES):
        die_of(world, system)
        System.objects.update(check_begun_at=timezone.now() - 2 * LEASE)
        assert swept() == {f"check:{system.pk}"}
    jobs.perform("check", system.pk)
    system.refresh_from_db()
    assert f"begun {TRIES} times and never came to an end" in system.check_result
    assert swept() == set()
    jobs.perform("check", asked().pk)
    system.refresh_from_db()
    assert (system.check_result[:12], system.problem) == ("Connected to", "")


def die_of(world: World, system: System) -> None:
    with failing(world.erp, "identity", "before", Died()), pytest.raises(Died):  # type: ignore[arg-type]
        jobs.perform("check", system.pk)
