"""Links that rest until something else is done: a parent, a plan. A wake-up that was lost is made good at every run."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from sync.core.vocabulary import Outcome, Side
from sync.engine.rules import PairRules, pointing
from sync.engine.slice import FARTHEST, GRACE
from sync.models.links import Intent, IntentState, Link
from sync.models.pairs import EntityPair
from sync.models.runs import Run

WRITTEN, LINKED = Outcome.WRITTEN.value, Outcome.LINKED.value
PLANNED = "planned while observing"
"""Why a link is due that was planned, shown to a person, and not written yet."""


def wake_from_a_clock_ahead(pair_id: int, now: datetime) -> None:
    """Our clock was far ahead and was set back: what became due then is due now, and not when that time comes."""
    unknown = Intent.objects.standing(pair_id, IntentState.UNKNOWN)
    unknown.filter(look_after__gt=now + FARTHEST).update(look_after=now + GRACE)
    Link.objects.filter(pair=pair_id, due_at__gt=now + FARTHEST).update(due_at=now + GRACE)


def wake_the_ready(pair: EntityPair, now: datetime) -> None:
    if pair.parent_id is None:
        return
    ready = Q()
    for side in Side:
        parent = Link.objects.linked().filter(
            **{"pair_id": pair.parent_id, f"{side}_key": OuterRef(f"{side}_parent")}
        )
        ready |= Q(Exists(parent))
    Link.objects.filter(ready, pair=pair, waiting=True).update(
        due_at=now, waiting=False, reason="its parent is linked"
    )


def wake_who_pointed(run: Run, rules: PairRules, now: datetime) -> None:
    """Records may point at others that are not their parents: those that wait look again once something was linked.

    Its runs tell, since the last run of this pair that woke anybody.
    """
    names = {pair for _, pair in pointing(rules.rules)}
    pointed = EntityPair.objects.filter(name__in=names).exclude(children=rules.pair)
    waiting = Link.objects.filter(pair=rules.pair, waiting=True)
    if not (names and pointed.exists() and waiting.exists()):
        return
    earlier = Run.objects.filter(pair=rules.pair, pk__lt=run.pk, started_at__isnull=False)
    woke = earlier.exclude(phase=Run.Phase.POLL).order_by("-pk").first()
    linking = Run.objects.filter(Q(counts__has_key=WRITTEN) | Q(counts__has_key=LINKED), pair__in=pointed)
    if woke is None or linking.filter(ended_at__gte=woke.started_at).exists():
        waiting.update(due_at=now, waiting=False, reason="what it points at may be linked")


def wake_the_planned(run: Run, now: datetime) -> None:
    """What a run that only planned has left is due in the first run that writes, whoever ended the planning.

    Runs that were to write and ended while they read have woken nobody.
    """
    earlier = Run.objects.filter(pair=run.pair_id, pk__lt=run.pk).exclude(writes=True, phase=Run.Phase.POLL)
    before = earlier.order_by("-pk").first()
    if before is not None and not before.writes:
        planned = Link.objects.filter(pair=run.pair_id, plan__isnull=False)
        planned.update(due_at=now, reason=PLANNED)
