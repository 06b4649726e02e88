"""Every scenario, with one fault at each of its points in turn: the single-crash sweep and its sisters."""

from __future__ import annotations

from random import Random

from tests.simulation.scenarios import SCENARIOS, Scenario
from tests.simulation.simulation import Result, Simulation
from tests.simulation.switches import Switches, calm, draw

PLAIN: dict[str, object] = {
    "habits": (), "restores": False, "erp_conditional": True, "crm_conditional": False, "names_editor": True,
    "answers_record": False, "changed_since": True, "removed_feed": False, "idempotent": False, "page_size": 3,
    "bulk_write": 3, "pages_by_offset": False, "skew": 0.0, "steps": 0,
}  # fmt: skip


def plain() -> Switches:
    """Two systems without any habits, and no chance at work."""
    found = calm(draw(Random(0)))
    return type(found)(**{**vars(found), **PLAIN})


class Staged(Simulation):
    """A simulation whose people follow a scenario. Points count from its last act on."""

    def __init__(self, scenario: Scenario, plan: dict[int, str]) -> None:
        super().__init__(0, switches=plain())
        self.scenario, self.staged = scenario, plan

    def _rules(self) -> None:
        if self.scenario.rules:
            self.scenario.rules(self)

    def live(self) -> None:
        self._acts()
        self.heal()

    def _acts(self) -> None:
        *before, last = self.scenario.acts
        for act in before:
            act(self)
            self.calm_pass()
        last(self)
        self.points, self.plan = 0, self.staged
        self.worker(self.calm_pass)
        self.figures["swept points"] = self.points
        self.plan = {}

    def calm_pass(self) -> None:
        self.pass_time(60)
        for name in self.world.pairs:
            self.run_through(name)


def points(name: str) -> int:
    """How many points a scenario's last pass has."""
    return play(name).figures["swept points"]


def play(name: str, plan: dict[int, str] | None = None) -> Result:
    return Staged(SCENARIOS[name], plan or {}).run()
