"""Claim due links, read, decide, record what was decided, write it, and take in what became of it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from sync.connectors.base import ConnectorError, Unauthorized, Unavailable
from sync.core.vocabulary import Outcome, Side
from sync.engine.clocks import margin
from sync.engine.confirm import end_rulings
from sync.engine.conflicts import keep_conflicts, load_kept, load_rulings
from sync.engine.decide import Desk
from sync.engine.draft import Decision
from sync.engine.flips import freeze_flips
from sync.engine.fresh import Blind, look_again, must_read
from sync.engine.outcomes import ANSWERED
from sync.engine.pairing import join_all, load_matcher, wake_children
from sync.engine.references import load_references
from sync.engine.replace import replace, standing
from sync.engine.slice import LEASE, Overtaken, Slice, free
from sync.engine.write import record_intents, send
from sync.models.links import OPEN_INTENTS, Intent, Link, LinkQuerySet, LinkState
from sync.models.pairs import Cursor
from sync.models.rows import update_rows

logger = logging.getLogger(__name__)

BATCH = 200
LAST_ATTEMPT = ANSWERED + 3
"""So often a link is begun whose worker never says what became of it."""
RELEASE_FIELDS = (
    "state", "due_at", "reason", "reread", "waiting", "attempts", "problem", "candidates", "plan", "run", "outcome",
    "settled_as", "settled_at", "erp_base", "crm_base", "lease_token", "lease_until", "refused",
)  # fmt: skip


def settle_due(work: Slice) -> bool:
    """Work through what is due until nothing is, or too much came meanwhile (True), or the slice is over (False)."""
    while work.is_wanted() and not work.must_judge() and (links := claim(work)):
        settle(work, links)
        if work.out_of_time():
            return False
    return True


def claim(work: Slice) -> list[Link]:
    """Take hold of a batch of due links: a conditional update, then a read by its token."""
    now, token = work.ports.now(), work.ports.token()
    due = Link.objects.filter(free(now), pair=work.pair, due_at__lte=now).order_by("due_at", "id")
    picked = _together(list(due.values_list("pk", "attempts")[:BATCH]))
    Link.objects.filter(free(now), pk__in=picked, due_at__lte=now).update(
        lease_token=token, lease_until=now + LEASE, epoch=F("epoch") + 1, attempts=F("attempts") + 1
    )
    return list(Link.objects.filter(pk__in=picked, lease_token=token).order_by("id"))


def _together(due: list[tuple[int, int]]) -> list[int]:
    """Links that were begun again and again and never ended may be what ends their workers: each goes alone, last."""
    sound = [pk for pk, attempts in due if attempts <= ANSWERED]
    return sound or [pk for pk, _ in due[:1]]


def _give_up(link: Link) -> Decision:
    why = (
        f"It was begun {link.attempts - 1} times and never came to an end, without a word of its own. "
        "Look at the record on both sides, then retry."
    )
    return Decision(link=link, outcome=Outcome.FAILED, problem=why)


def settle(work: Slice, links: list[Link]) -> None:
    """Bring one claimed batch as far as it goes now."""
    decisions = _planned(work, links)
    with transaction.atomic():
        work.hold()
        now = work.ports.now()
        decisions = _undisturbed(work, decisions)
        intents = record_intents(work, decisions, now) if work.run.writes else []
        _release(work, decisions, now)
    if intents:
        send(work, intents)


def _planned(work: Slice, links: list[Link]) -> list[Decision]:
    """What must become of a batch. Where a call failed, its links are let go: it was none of their doing."""
    if links[0].attempts > LAST_ATTEMPT:
        return [_give_up(link) for link in links]
    try:
        fresh = _freshen(work, links)
        if not fresh:
            _give_back(links)
        return _decide(work, fresh)
    except (Unavailable, Unauthorized, Blind):
        _give_back(links)
        raise
    except ConnectorError:
        # One of the records may be what cannot be read, and nobody knows which: from now on each goes alone.
        suspects = [link for link in links if any(must_read(work, link, side) for side in Side)]
        _still_held(suspects).update(attempts=Greatest(F("attempts"), ANSWERED + 1))
        _give_back([link for link in links if link not in suspects])
        raise


def _give_back(links: Sequence[Link]) -> None:
    """As they were before they were claimed: an attempt that was not made does not count."""
    _still_held(links).update(lease_token="", lease_until=None, attempts=Greatest(F("attempts") - 1, 0))


def _still_held(links: Sequence[Link]) -> LinkQuerySet:
    tokens = {link.lease_token for link in links}
    return Link.objects.filter(pk__in=[link.pk for link in links], lease_token__in=tokens)


def _undisturbed(work: Slice, decisions: list[Decision]) -> list[Decision]:
    """Decisions on links that nobody has spoken of since they were read. The others stay due, and are let go."""
    links = Link.objects.select_for_update().order_by("pk")
    now = links.in_bulk([decision.link.pk for decision in decisions])
    at = work.ports.now()
    kept = [decision for decision in decisions if _as_read(decision.link, now[decision.link.pk], at)]
    kept = kept if work.is_wanted() else []
    left = now.keys() - {decision.link.pk for decision in kept}
    Link.objects.filter(pk__in=left).update(lease_token="", lease_until=None)
    return kept


def _as_read(read: Link, now: Link, at: datetime) -> bool:
    """Whether a link is as it was read, and its reading left no doubt for which it was put off."""
    is_put_off = now.due_at is not None and now.due_at > at
    return not is_put_off and (read.state, read.due_at, read.reread) == (now.state, now.due_at, now.reread)


def _freshen(work: Slice, links: list[Link]) -> list[Link]:
    """What both sides say of these links now. Nobody where the slice was over before all of it was read."""
    if not all(look_again(work, side, links) for side in Side):
        return []
    return list(Link.objects.filter(pk__in=[link.pk for link in links]).order_by("id"))


def _decide(work: Slice, links: list[Link]) -> list[Decision]:
    desk = _desk(work, links)
    found = [_alone(work, link, desk.decide) for link in links]
    joined, absorbed = _join(work, desk, found)
    decisions = [
        _after_joining(work, desk, decision, decision.link.pk in joined)
        for decision in found
        if decision.link.pk not in absorbed
    ]
    freeze_flips(work.rules, decisions, desk.rulings, desk.now)
    return decisions


def _alone(work: Slice, link: Link, decide: Callable[[Link], Decision]) -> Decision:
    """One link's decision. A defect of ours fails this link alone, and keeps its traceback in the log."""
    try:
        return decide(link)
    except (ConnectorError, DatabaseError, Overtaken):
        raise
    except Exception:
        logger.exception("link errored", extra={"link": link.pk, "pair": work.pair.name})
        why = "A defect of the hub keeps this record from being settled; its log has the details."
        return Decision(link=link, outcome=Outcome.FAILED, problem=why)


def _join(work: Slice, desk: Desk, decisions: Sequence[Decision]) -> tuple[set[int], set[int]]:
    """Make one link of every two that were found to be the same. Which were kept, and which are no more."""
    couples: dict[int, tuple[Link, Link]] = {}
    taken: set[int] = set()
    for decision in decisions:
        link, other = decision.link, decision.counterpart
        if other is not None and not taken & {link.pk, other.pk}:
            couples[link.pk] = link, other
            taken |= {link.pk, other.pk}
    if not couples:
        return set(), set()
    with transaction.atomic():
        work.hold()
        joined = join_all(list(couples.values()), desk.now)
        absorbed = [couples[pk][1] for pk in joined]
        work.uncount(absorbed)
        wake_children([couples[pk][0] for pk in joined], desk.now)
    desk.references.add(load_references(work.rules, [couples[pk][0] for pk in joined]))
    return joined, {other.pk for other in absorbed}


def _after_joining(work: Slice, desk: Desk, decision: Decision, is_joined: bool) -> Decision:
    """Two that met are merged at once; who found their counterpart busy looks again."""
    if is_joined:
        return _alone(work, decision.link, lambda link: desk.linked(link, fresh=True))
    if decision.counterpart is None:
        return decision
    return Decision(
        link=decision.link, outcome=Outcome.WAITING, problem="Its counterpart is busy.", retry=True
    )


def _desk(work: Slice, links: list[Link]) -> Desk:
    intents: dict[int, list[Intent]] = defaultdict(list)
    for intent in Intent.objects.filter(link__in=[link.pk for link in links], state__in=OPEN_INTENTS):
        intents[intent.link_id].append(intent)
    capabilities = {side: work.capabilities(side) for side in Side}
    read = Cursor.objects.filter(pair=work.pair, full_at__isnull=False).count()
    return Desk(
        rules=work.rules,
        references=load_references(work.rules, links),
        matcher=load_matcher(work.rules, links),
        intents=intents,
        rulings=load_rulings(links),
        kept=load_kept(links),
        creates={side: capabilities[side].creates for side in Side},
        removes={side: capabilities[side].removes for side in Side},
        read_fully=read == len(Side),
        margin=margin((work.pair.system(side), capabilities[side]) for side in Side),
        now=work.ports.now(),
    )


def _release(work: Slice, decisions: list[Decision], now: datetime) -> None:
    """Write the decisions into their links and let go of those that have nothing to be sent."""
    keep_conflicts(work.rules, decisions, now)
    for decision in decisions:
        _apply(work, decision, now)
    update_rows([d.link for d in decisions], RELEASE_FIELDS)
    end_rulings([d.link for d in decisions if d.link.state == LinkState.REMOVED])
    gone = {decision.link.pk: decision.link for decision in decisions if decision.replaced}
    for pk, ruling in standing(gone.values()).items() if work.run.writes else ():
        replace(gone[pk], ruling, now)


def _apply(work: Slice, decision: Decision, now: datetime) -> None:
    link = decision.link
    for settled in decision.settled:
        link.erp_base = {**link.erp_base, **settled.erp}
        link.crm_base = {**link.crm_base, **settled.crm}
    _forget_unmapped(work, link)
    link.problem, link.candidates = decision.problem, decision.candidates
    link.waiting, link.reread = decision.waiting, False
    link.plan = [draft.shown() for draft in decision.drafts] or None if not work.run.writes else None
    if decision.state and not decision.drafts:
        link.state = decision.state
    elif link.state == LinkState.EXCLUDED and decision.outcome is not Outcome.EXCLUDED:
        link.state = LinkState.ACTIVE
    outcome = decision.worst(planned=not work.run.writes)
    link.settled_as = outcome.value
    if decision.merged and not decision.drafts and not decision.clashes:
        link.settled_at = now
    work.touch([link], outcome)
    _next(link, decision, now)
    if not (decision.drafts and work.run.writes):
        link.lease_token, link.lease_until = "", None


def _forget_unmapped(work: Slice, link: Link) -> None:
    """A property that is mapped no more loses its base: mapped again, it has its own first meeting."""
    for side in Side:
        mapped = work.rules.mapped[side]
        link.put(side, base={path: value for path, value in link.get(side, "base").items() if path in mapped})


def _next(link: Link, decision: Decision, now: datetime) -> None:
    """When the link is due again. Waiting and being left alone burn no attempts."""
    link.due_at, link.reason = None, ""
    if decision.retry:
        link.due_at, link.reason = now + timedelta(seconds=30), "looks again"
    if not decision.drafts:
        link.attempts = 0
