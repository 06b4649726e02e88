"""What people may have done to a pair: run it, and say what it is allowed to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import BigIntegerField

from sync.admin.base import Done, Verb
from sync.admin.forms import AskForm, ReasonForm
from sync.models.pairs import EntityPair, Mode
from sync.models.runs import Run
from sync.services import pairs, runs
from sync.services.acts import NotPossible

RUN = "sync.add_run"
DECIDE = "sync.change_entitypair"


def _runs(*, full: bool = False, plan_only: bool = False) -> Callable[..., Done]:
    def act(pair: EntityPair, *, by: str, values: dict[str, Any]) -> Done:
        run = runs.request(pair, by=by, trigger=Run.Trigger.PERSON, full=full, plan_only=plan_only)
        if (full and not run.full) or (plan_only and run.writes):
            what = "writes" if plan_only else "reads only what changed"
            raise NotPossible(
                f"{run} is {run.get_state_display()}, and {what}. Let it end, or cancel it, then ask again."
            )
        return Done(message=f"{run} is asked for.", leads_to=run)

    return act


def _mode(mode: Mode) -> Callable[..., Done]:
    def act(pair: EntityPair, *, by: str, values: dict[str, Any]) -> Done:
        pairs.set_mode(pair, mode, by=by, reason=values["reason"])
        return Done(message=f"{pair} is now: {mode.label}.")

    return act


class PlanForm(ReasonForm):
    """`seen` is the run whose plan the person looked at."""

    seen = forms.IntegerField(
        required=False, min_value=1, max_value=BigIntegerField.MAX_BIGINT, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, row: EntityPair, **kwargs: Any) -> None:
        run = pairs.latest_plan(row)
        kwargs["initial"] = {"seen": run.pk if run else None, **(kwargs.get("initial") or {})}
        super().__init__(*args, row=row, **kwargs)


def _approve(pair: EntityPair, *, by: str, values: dict[str, Any]) -> Done:
    run = pairs.approve_plan(pair, by=by, seen=values["seen"], reason=values["reason"])
    return Done(message=f"The plan of {run} is approved. {pair} may go live.")


def _is_on(pair: EntityPair) -> bool:
    return pair.mode != Mode.OFF


VERBS = (
    Verb(
        name="run", label="Run now", permission=RUN, act=_runs(), icon="play_arrow", form=AskForm, direct=True,
        says="Read what changed on both sides and settle what is due.", offered=_is_on,
    ),
    Verb(
        name="full", label="Full run", permission=RUN, act=_runs(full=True), icon="all_inclusive", form=AskForm,
        direct=True, says="Read both sides completely and settle what is due.", offered=_is_on,
    ),
    Verb(
        name="plan-run", label="Plan", permission=RUN, act=_runs(plan_only=True), icon="event_note", form=AskForm,
        direct=True, says="Work out what would be written, and write nothing.", offered=_is_on,
    ),
    Verb(
        name="approve", label="Approve plan", permission=DECIDE, act=_approve, icon="check", form=PlanForm,
        says="You have looked at what the last observing run would do, and it may be done.",
        offered=lambda pair: pair.approved_version != pair.rules_version,
    ),
    Verb(
        name="observe", label="Observe", permission=DECIDE, act=_mode(Mode.OBSERVE), icon="visibility",
        says="Read, match and plan; write nothing.", offered=lambda pair: pair.mode != Mode.OBSERVE,
    ),
    Verb(
        name="live", label="Go live", permission=DECIDE, act=_mode(Mode.LIVE), icon="sync",
        says="Keep both sides in step from now on. The plan must be approved first.",
        offered=lambda pair: pair.mode != Mode.LIVE,
    ),
    Verb(
        name="off", label="Switch off", permission=DECIDE, act=_mode(Mode.OFF), icon="power_settings_new",
        says="Neither read nor write until somebody says otherwise.", offered=_is_on,
    ),
)  # fmt: skip
