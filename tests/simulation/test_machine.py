"""The same world in hypothesis' hands: what it finds it shrinks to a few steps. `make machine` tells more stories."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from sync.core.vocabulary import Side
from sync.models.links import Link
from tests.simulation import database
from tests.simulation.mutants import planted
from tests.simulation.oracles import judge
from tests.simulation.scheduler import Endless
from tests.simulation.simulation import Simulation
from tests.simulation.switches import Switches, calm, draw

STORIES = int(os.environ.get("STORIES", "12"))
STEPS = 12
FAULTS = ("crash", "database", "before", "after", "unknown", "late", "stall")
FAR = 160
"""More points than most passes over one pair have."""

LITTLE = settings(
    max_examples=STORIES,
    stateful_step_count=STEPS,
    deadline=None,
    derandomize="STORIES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


def switches(seed: int) -> Switches:
    """The two systems a seed draws, in which nothing happens by chance."""
    return replace(calm(draw(Random(seed))), removals=True, merges=True, moves=True, blanks=True, words=2)


class Hub(RuleBasedStateMachine):
    """People, runs, hooks, time, and one fault at a chosen point of a run."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()

    @initialize(seed=st.integers(0, 200))
    def begin(self, seed: int) -> None:
        database.load(database.empty())
        self.life = Simulation(seed, switches=switches(seed))
        self.life.set_up()
        self.stack.enter_context(database.watched(self.life.before, self.life.after, self.life.alive))
        self.stack.enter_context(self.life.defects())

    @rule(chance=st.randoms(use_true_random=False))
    def somebody_acts(self, chance: Random) -> None:
        self.life.people.random = chance
        self.life.note(self.life.people.act())

    @rule(chance=st.randoms(use_true_random=False))
    def somebody_answers(self, chance: Random) -> None:
        self.life.people.random = chance
        self.life.some_answers()

    @rule(pair=st.sampled_from(["customers", "contacts"]), full=st.booleans())
    def a_run(self, pair: str, full: bool) -> None:
        self.life.worker(lambda: self.life.run_through(pair, full=full))

    @rule(
        pair=st.sampled_from(["customers", "contacts"]),
        full=st.booleans(),
        fault=st.sampled_from(FAULTS),
        after=st.integers(1, FAR),
    )
    def a_run_with_a_fault(self, pair: str, full: bool, fault: str, after: int) -> None:
        self.life.plan = {self.life.points + after: fault}
        self.life.worker(lambda: self.life.run_through(pair, full=full))
        self.life.plan = {}

    @rule(side=st.sampled_from(list(Side)), number=st.integers(0, 5))
    def a_hook_is_delivered(self, side: Side, number: int) -> None:
        known = Link.objects.current().filter(**{f"{side}_key__isnull": False}).order_by("pk")
        chosen = list(known.values_list("pk", flat=True)[number : number + 1])
        Link.objects.filter(pk__in=chosen).update(due_at=self.life.now(), reread=True, reason="hook")

    @rule(seconds=st.sampled_from([1, 61, 130, 400]))
    def time_passes(self, seconds: int) -> None:
        self.life.pass_time(seconds)

    def teardown(self) -> None:
        """Whatever was told: the world heals, comes to rest, and is judged."""
        try:
            if hasattr(self, "life"):
                self._judge()
        finally:
            self.stack.close()

    def _judge(self) -> None:
        try:
            self.life.heal()
        except Endless:
            self.life.violate("the hub goes round in circles")
            database.lose_uncommitted()
        judge(self.life)
        assert self.life.violations == []


def test_nothing_is_lost_and_nothing_is_doubled_in_any_story() -> None:
    run_state_machine_as_test(Hub, settings=LITTLE)


def test_a_planted_defect_is_found() -> None:
    """The machine is no good if it cannot fail."""
    quick = settings(LITTLE, max_examples=200, derandomize=True, phases=[Phase.generate])
    with planted("no intent is committed"), pytest.raises(AssertionError, match="without a committed intent"):
        run_state_machine_as_test(Hub, settings=quick)
