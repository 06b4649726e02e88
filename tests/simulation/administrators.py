"""The hub's administrators: they act through the services while its workers are at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING
from unittest.mock import patch

from django.db.models import QuerySet
from django.utils import timezone

from sync import jobs
from sync.models.links import OPEN_INTENTS, Conflict, Intent, Link, LinkState
from sync.models.pairs import EntityPair, FieldMapping, Mode
from sync.models.runs import OPEN_RUNS, Run, RunState
from sync.services import conflicts, links, pairs, runs
from sync.services.acts import NotPossible
from tests.simulation.book import Answer, Book, couple_of
from tests.simulation.case import Row
from tests.simulation.words import ENTITIES, FIELDS

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

BY = "kari"
ONE_WAY = "one way"
"""Among the policies of a field: for some time one side was not listened to."""
NESTED = (0.003, 0.01)
"""How often somebody acts in the middle of a job."""


Verb = Callable[[], str]
"""An act: what was done, for the trace; nothing where there was nothing to do."""


class Administrators(Book):
    def __init__(self, simulation: Simulation, *, busy: bool) -> None:
        super().__init__(simulation.truth)
        self.simulation, self.busy = simulation, busy
        self.random = Random(f"administrators of {simulation.seed}")
        self.rate = self.random.choice(NESTED)
        self.acting = False

    def happen_by(self, rate: float) -> bool:
        """Whether one of them acts now. Where there are none, chance is not asked."""
        return self.busy and not self.acting and self.random.random() < rate

    def act(self) -> str:
        """One of them does something. What it was, for the trace; refusals are part of it."""
        with self._at_the_desk():
            for verb in self._verbs():
                name = verb.__name__.strip("_").replace("_", " ")
                try:
                    done = verb()
                except NotPossible as error:
                    self.simulation.figures["refused acts"] += 1
                    return f"may not {name}: {error}"
                if done:
                    self.simulation.figures[f"act: {name}"] += 1
                    return done
        return "nothing to do for an administrator"

    def _verbs(self) -> list[Verb]:
        """What there may be to do, in the order in which it is tried."""
        if self.random.random() < 0.6 and EntityPair.objects.exclude(mode=Mode.LIVE).exists():
            return [self._apply]
        if self.random.random() < 0.3 and Run.objects.filter(state=RunState.HELD).exists():
            return [self.random.choice((self._approve, self._reject))]
        if self.random.random() < 0.5 and Conflict.objects.filter(state="open").exists():
            return [self._settle]
        if self.random.random() < 0.3 and Link.objects.filter(state=LinkState.REMOVED).exists():
            return [self._lift]
        seldom: list[Verb] = [
            self._settle, self._lift, self._not_made, self._link, self._unlink, self._resume,
        ]  # fmt: skip
        always: list[Verb] = [
            self._pause, self._resync, self._change_rules, self._stop_pair, self._request, self._cancel,
        ]  # fmt: skip
        first, then = [self.random.sample(verbs, len(verbs)) for verbs in (seldom, always)]
        return [*first, *then] if self.random.random() < 0.7 else [*then, *first]

    @contextmanager
    def _at_the_desk(self) -> Iterator[None]:
        """An act is one transaction, at the hub's time, and nothing comes between. Its hints to the queue are lost:
        what is due stands in rows.
        """
        life = self.simulation
        self.acting = True
        try:
            with (
                life.undisturbed(),
                patch.object(timezone, "now", life.now),
                patch.object(jobs, "_put", lambda *_: None),
            ):
                yield
        finally:
            self.acting = False

    # Links

    def _some(self, **facts: object) -> Link | None:
        found = list(Link.objects.current().select_related("pair").filter(**facts).order_by("pk"))
        return self.random.choice(found) if found else None

    def _pause(self) -> str:
        if (link := self._some(state=LinkState.ACTIVE)) is None:
            return ""
        under_way = _under_way(link_id=link.pk)
        links.pause(link, by=BY)
        self.stopped(link.pair.name, link.pk, under_way)
        return f"pause {_shown(link)}"

    def _resume(self) -> str:
        link = self._some(state=LinkState.PAUSED)
        return self._resume_this(link) if link else ""

    def _resume_this(self, link: Link) -> str:
        links.resume(link, by=BY)
        self.goes_on(link.pair.name, link.pk)
        return f"resume {_shown(link)}"

    def _unlink(self) -> str:
        link = self._some(erp_key__isnull=False, crm_key__isnull=False)
        if link is None:
            return ""
        couple = couple_of(link)
        links.unlink(link, by=BY)
        self.are_apart(couple)
        for half in Link.objects.current().filter(pair=link.pair, state=LinkState.PAUSED):
            if couple[0][2] == half.erp_key or couple[1][2] == half.crm_key:
                self.goes_on(link.pair.name, half.pk)
                self.stopped(link.pair.name, half.pk, frozenset())
        return f"unlink {_shown(link)}"

    def _link(self) -> str:
        erp = self._some(erp_key__isnull=False, crm_key__isnull=True)
        crm = self._some(erp_key__isnull=True, crm_key__isnull=False, pair=erp and erp.pair)
        if erp is None or crm is None or not self._may_be_the_same(erp, crm):
            return ""
        found = links.link(erp.pair, erp_key=str(erp.erp_key), crm_key=str(crm.crm_key), by=BY)
        couple = couple_of(Link.objects.select_related("pair").get(pk=found.pk))
        self.meetings.append(self.truth.tick())
        self.apart.pop(couple, None)
        self.joined.append(couple)
        for half in (erp, crm):
            self.goes_on(erp.pair.name, half.pk)
        return f"link {_shown(found)}"

    def _may_be_the_same(self, erp: Link, crm: Link) -> bool:
        """Where a record may have been made for one of them, they look before they say which one it is."""
        tokens = _under_way(link__in=[erp, crm])
        made = {event.row for event in self.truth.events if event.written.token in tokens}
        couple = ENTITIES[erp.pair.name]
        rows = {("erp", couple[0], erp.erp_key), ("crm", couple[1], crm.crm_key)}
        return not tokens or bool(made and made <= rows)

    def _lift(self) -> str:
        if (link := self._some(state=LinkState.REMOVED)) is None:
            return ""
        couple = couple_of(link) if link.linked else None
        links.lift(link, by=BY)
        if couple and not all(self._is_there(row) for row in couple):
            self.are_apart(couple)
        return f"lift {_shown(link)}"

    def _is_there(self, row: Row) -> bool:
        return self.simulation.system(row[0]).values(row[1], row[2]) is not None

    def _resync(self) -> str:
        if (link := self._some()) is None:
            return ""
        links.resync(link, by=BY)
        return f"resync {_shown(link)}"

    def _not_made(self) -> str:
        """Only people can know what became of a create that cannot be looked for: they look, and say the truth."""
        for intent in Intent.objects.filter(kind="create", state__in=OPEN_INTENTS).select_related("link"):
            if not any(event.written.token == intent.token for event in self.truth.events):
                links.not_made(intent.link, by=BY)
                return f"not made: {_shown(intent.link)}"
        return ""

    # Questions

    def _settle(self) -> str:
        rows = list(
            Conflict.objects.filter(state="open").select_related("link__pair", "mapping").order_by("id")
        )
        if not rows:
            return ""
        row = self.random.choice(rows)
        winner = self.random.choice(conflicts.WINNERS)
        value = None
        if winner == "other" and row.mapping is not None:
            value = self.simulation.people.word(row.mapping.crm_property)
        conflicts.resolve(row, winner=winner, value=value, by=BY)
        self._answered(row)
        if conflicts.is_move(row) and winner == "erp":
            self.truth.replaced.add(str(row.link.crm_key))
        if winner == "other":
            self.truth.ruled.add(str(value))
        return f"settle {row.field} of {_shown(row.link)}: {winner} {value}"

    def _answered(self, row: Conflict) -> None:
        mapping, shown = row.mapping, {"erp": row.erp_values, "crm": row.crm_values}
        if mapping is None or mapping.group:
            return
        paths = mapping.erp_property, mapping.crm_property
        ends = tuple(zip(couple_of(row.link), paths, strict=True))
        stand = [
            (self.simulation.system(end[0]).values(end[1], end[2]) or {}).get(path) for end, path in ends
        ]
        if stand == [shown["erp"].get(paths[0]), shown["crm"].get(paths[1])]:
            chosen = {"erp": stand[0], "crm": stand[1], "other": row.value}[row.winner]
            self.answers.append(Answer(ends=ends, value=chosen, seq=self.truth.tick()))

    # Runs

    def _request(self) -> str:
        pair = self._pair()
        full, plan_only = (self.random.random() < 0.3 for _ in range(2))
        run = runs.request(pair, by=BY, trigger=Run.Trigger.PERSON, full=full, plan_only=plan_only)
        return f"request {run}: full {full}, plan only {plan_only}"

    def _held(self) -> Run | None:
        return Run.objects.filter(state=RunState.HELD).order_by("pk").first()

    def _approve(self) -> str:
        if (run := self._held()) is None:
            return ""
        runs.approve(run, by=BY)
        return f"approve {run}"

    def _reject(self) -> str:
        if (run := self._held()) is None:
            return ""
        runs.reject(run, by=BY)
        self.stopped(run.pair.name, None, frozenset())
        return f"reject {run}"

    def _cancel(self) -> str:
        if (run := Run.objects.filter(state__in=OPEN_RUNS).order_by("pk").first()) is None:
            return ""
        runs.cancel(run, by=BY)
        return f"cancel {run}"

    # Pairs

    def _pair(self) -> EntityPair:
        return self.random.choice(list(EntityPair.objects.order_by("position")))

    def _stop_pair(self) -> str:
        pair = self._pair()
        mode = self.random.choice((Mode.OFF, Mode.OBSERVE))
        under_way = _under_way(link__pair=pair)
        pairs.set_mode(pair, mode, by=BY)
        self.stopped(pair.name, None, under_way)
        return f"set {pair} to {mode}"

    def _apply(self) -> str:
        """Approve the plan of a pair that is not live, and let it write; where there is none, have one made."""
        pair = EntityPair.objects.exclude(mode=Mode.LIVE).order_by("position").first()
        if pair is None:
            return ""
        if pairs.latest_plan(pair) is None:
            if pair.mode == Mode.OFF:
                pairs.set_mode(pair, Mode.OBSERVE, by=BY)
            run = runs.request(pair, by=BY, trigger=Run.Trigger.PERSON, plan_only=True)
            return f"ask for the plan {run}"
        return self._carry_out(pair)

    def _carry_out(self, pair: EntityPair) -> str:
        pairs.approve_plan(pair, by=BY)
        pairs.set_mode(pair, Mode.LIVE, by=BY)
        self.goes_on(pair.name, None)
        return f"apply the plan of {pair}"

    def _change_rules(self) -> str:
        pair = self._pair()
        fields = pair.mappings.filter(crm_property__in=[crm for _, crm in FIELDS[pair.name]])
        row = self.random.choice(list(fields.order_by("pk")))
        before, under_way = pairs.snapshot(pair), _under_way(link__pair=pair)
        change = self.random.choice((self._other_winner, self._other_way, self._other_first))
        change(pair, row)
        self._changed(pair, before, under_way)
        return f"change the rules of {pair}: {row} {row.policy} {row.direction} {row.only_on_create} {row.active}"

    def _changed(self, pair: EntityPair, before: list[dict[str, object]], under_way: frozenset[str]) -> None:
        if pairs.rules_changed(pair, before=before, by=BY):
            self.meetings.append(self.truth.tick())
            self.stopped(pair.name, None, under_way)

    def _other_winner(self, _pair: EntityPair, row: FieldMapping) -> None:
        row.policy = self.random.choice(["newest", "erp", "crm", "ask"])
        for each in _together(row):
            self.policies[each.crm_property] |= {each.policy, row.policy}
        _together(row).update(policy=row.policy)

    def _other_way(self, _pair: EntityPair, row: FieldMapping) -> None:
        """One way, once, not at all; or both ways again."""
        ways = [{"direction": "both", "only_on_create": False, "active": True}]
        ways += [{**ways[0], "direction": way} for way in ("to_crm", "to_erp")]
        ways += [{**ways[0], "only_on_create": True}, {**ways[0], "active": False}]
        for name, value in self.random.choice(ways).items():
            setattr(row, name, value)
        for each in _together(row):
            self.policies[each.crm_property].add(ONE_WAY)
        _together(row).update(direction=row.direction, only_on_create=row.only_on_create, active=row.active)

    def _other_first(self, pair: EntityPair, _row: FieldMapping) -> None:
        pair.first_winner = self.random.choice(["erp", "crm"])
        EntityPair.objects.filter(pk=pair.pk).update(first_winner=pair.first_winner)

    # What they stopped, and how it goes on

    def put_right(self) -> None:
        """At the end everything is as it was: both ways, live, and nothing paused."""
        if self.busy:
            self.busy = False
            with self._at_the_desk():
                self._check_stops()
                for pair in EntityPair.objects.order_by("position"):
                    self._both_ways(pair)
            for pair in EntityPair.objects.exclude(mode=Mode.LIVE).order_by("position"):
                self._bring_back(pair)
            with self._at_the_desk():
                for link in Link.objects.filter(state=LinkState.PAUSED).select_related("pair"):
                    self._resume_this(link)

    def _check_stops(self) -> None:
        """What a person stopped is stopped until a person says otherwise."""
        for stop in self.standing():
            if stop.link is None:
                kept = EntityPair.objects.get(name=stop.pair).mode != Mode.LIVE
            else:
                kept = Link.objects.get(pk=stop.link).state == LinkState.PAUSED
            if not kept:
                self.simulation.violate(f"nobody resumed what goes on: {stop}")

    def _both_ways(self, pair: EntityPair) -> None:
        before, under_way = pairs.snapshot(pair), _under_way(link__pair=pair)
        fields = pair.mappings.filter(crm_property__in=[crm for _, crm in FIELDS[pair.name]])
        fields.update(direction="both", only_on_create=False, active=True)
        self._changed(pair, before, under_way)

    def _bring_back(self, pair: EntityPair) -> None:
        with self._at_the_desk():
            pairs.set_mode(pair, Mode.OBSERVE, by=BY)
        if self.simulation.observe_through(pair.name).state == RunState.DONE:
            with self._at_the_desk():
                self._carry_out(EntityPair.objects.get(pk=pair.pk))


def _together(row: FieldMapping) -> QuerySet[FieldMapping]:
    """A mapping, and those of its group: they agree, or are not in use."""
    if row.group:
        return FieldMapping.objects.filter(pair=row.pair, group=row.group)
    return FieldMapping.objects.filter(pk=row.pk)


def _under_way(**whose: object) -> frozenset[str]:
    """Writes that are recorded and may still be sent, by token."""
    return frozenset(Intent.objects.filter(state__in=OPEN_INTENTS, **whose).values_list("token", flat=True))


def _shown(link: Link) -> str:
    return f"{link.pk} {link.erp_key}/{link.crm_key}"
