"""Runs: what each did and does, as it goes. Nobody edits one; people cancel, approve and reject."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from sync.admin.base import Done, ReadAdmin, Verb
from sync.admin.show import calls_text, column, counts_text, duration, moment, short, when
from sync.admin.tables import Cell, Table, badge, cell, cells, facts, listing, to
from sync.core.vocabulary import Outcome
from sync.models.links import Link
from sync.models.runs import OPEN_RUNS, Change, Run, RunState
from sync.services import runs
from sync.services.held import held_back

WORST = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.CONFLICT, Outcome.HELD)
SHOWN = 50


def _cancel(run: Run, *, by: str, values: dict[str, Any]) -> Done:
    runs.cancel(run, by=by, reason=values["reason"])
    return Done(message=f"{run} is cancelled. What was due stays due.")


def _approve(run: Run, *, by: str, values: dict[str, Any]) -> Done:
    runs.approve(run, by=by, reason=values["reason"])
    return Done(message=f"{run} goes on and writes.")


def _reject(run: Run, *, by: str, values: dict[str, Any]) -> Done:
    runs.reject(run, by=by, reason=values["reason"])
    return Done(message=f"{run} is rejected; {run.pair} only observes from now on.")


def _is_held(run: Run) -> bool:
    return run.state == RunState.HELD


VERBS = (
    Verb(
        name="approve", label="Approve", permission="sync.change_entitypair", act=_approve, icon="check",
        says="What the guard held back may be written.", offered=_is_held,
    ),
    Verb(
        name="reject", label="Reject", permission="sync.change_entitypair", act=_reject, icon="block",
        says="What the guard held back must not be written: the pair only observes until a person says otherwise.",
        offered=_is_held,
    ),
    Verb(
        name="cancel", label="Cancel", permission="sync.change_run", act=_cancel, icon="stop_circle",
        says="End the run where it is. What is due stays due.", offered=lambda run: run.state in OPEN_RUNS,
    ),
)  # fmt: skip


@admin.register(Run)
class RunAdmin(ReadAdmin):
    list_display = (
        "title", "standing", "stage", "counted", "called", "took", "asked", moment("requested_at"), "trouble",
    )  # fmt: skip
    list_filter = ("pair", "state", "trigger", "writes", "full")
    list_before_template = "sync/runs_live.html"
    list_fullwidth = True
    read_template = "sync/read.html"
    verbs = VERBS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return Run.objects.select_related("pair")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        live = Run.objects.filter(state__in=OPEN_RUNS).exists()
        return super().changelist_view(request, {"live": live, **(extra_context or {})})

    @column("run", ordering="id")
    def title(self, run: Run) -> str:
        return str(run)

    @column("state", ordering="state", is_badge=True)
    def standing(self, run: Run) -> tuple[str, str]:
        return run.state, run.get_state_display()

    @column("phase")
    def stage(self, run: Run) -> str:
        return _phase(run)

    @column("counts")
    def counted(self, run: Run) -> str:
        return counts_text(run.counts)

    @column("calls")
    def called(self, run: Run) -> str:
        return calls_text(run.calls)

    @column("duration")
    def took(self, run: Run) -> str:
        return _duration(run)

    @column("asked for by")
    def asked(self, run: Run) -> str:
        return run.requested_by or run.get_trigger_display()

    @column("problem")
    def trouble(self, run: Run) -> str:
        return short(run.problem)

    def read(self, run: Run) -> dict[str, Any]:
        return {
            "live": run.state in OPEN_RUNS,
            "problem": run.problem,
            "facts": _facts(run),
            "tables": [*_held_back(run), _counts(run), _calls(run), *_windows(run), *_worst(run)],
        }


def _phase(run: Run) -> str:
    kind = "full" if run.full else "changes"
    return f"{run.get_phase_display()} ({kind}{'' if run.writes else ', writes nothing'})"


def _duration(run: Run) -> str:
    return duration(run.started_at, run.ended_at or timezone.now())


def _facts(run: Run) -> list[Cell]:
    return facts(
        pair=to(run.pair), state=badge(run.state, run.get_state_display()), phase=_phase(run),
        duration=_duration(run), trigger=run.get_trigger_display(), asked_for_by=run.requested_by,
        requested=run.requested_at, started=run.started_at, ended=run.ended_at, goes_on=run.resume_at,
        approved_by=run.approved_by, approved=run.approved_at, links_touched=run.touched,
        changes=Cell(text="written in this run", address=listing(Change, run__exact=run.pk)),
    )  # fmt: skip


def _counts(run: Run) -> Table:
    lines = [
        [
            badge(outcome),
            cell(run.counts[outcome]),
            Cell(text="look at them", address=listing(Link, run__exact=run.pk, outcome__exact=outcome.value)),
        ]
        for outcome in Outcome
        if run.counts.get(outcome)
    ]
    if left := run.touched - sum(run.counts.values()):
        due = Cell(text="look at them", address=listing(Link, run__exact=run.pk, needs="due"))
        lines.append([*cells("not settled yet" if run.state in OPEN_RUNS else "left due", left), due])
    title = "Counts" if run.writes else "Counts: what would be done"
    return Table(title=title, heads=("Outcome", "Links", ""), lines=lines, none="No link was touched.")


def _held_back(run: Run) -> list[Table]:
    """Of a run that asks: what moved in the first records it would go on with."""
    if run.state != RunState.HELD:
        return []
    lines = [
        [
            to(moved.link),
            *cells(run.pair.system(moved.side), moved.property or "the record itself"),
            *(cells(moved.was, moved.now) if moved.property else cells("there", "missing")),
        ]
        for moved in held_back(run, links=SHOWN)
    ]
    return [
        Table(
            title=f"Held back: what moved in the first {SHOWN} records",
            heads=("Link", "System", "Property", "When last in step", "Now"),
            lines=lines,
            none="Nothing is due any more.",
            more=listing(Link, pair__id__exact=run.pair_id, needs="due"),
        )
    ]


def _calls(run: Run) -> Table:
    lines = [
        cells(system, endpoint, number)
        for system, endpoints in sorted(run.calls.items())
        for endpoint, number in sorted(endpoints.items())
    ]
    return Table(title="Calls made", heads=("System", "Endpoint", "Calls"), lines=lines, none="None.")


def _windows(run: Run) -> list[Table]:
    """Writes that no version protected: what a person edited in between was overwritten."""
    lines = [cells(system, it["writes"], it["longest_ms"]) for system, it in sorted(run.windows.items())]
    title = "Written where no version protects: an edit in that time is overwritten"
    return [Table(title=title, heads=("System", "Records", "Longest, ms"), lines=lines)] if lines else []


def _worst(run: Run) -> list[Table]:
    """The links of this run that need somebody, as they stand now."""
    rows = list(run.links.filter(outcome__in=WORST).order_by("id")[:SHOWN])
    lines = [[to(row), badge(row.outcome), *cells(row.problem, when(row.settled_at))] for row in rows]
    return (
        [Table(title="Need a look", heads=("Link", "Outcome", "Problem", "Settled"), lines=lines)]
        if rows
        else []
    )
