"""What people may do with links: link, unlink, pause, resume, have them settled again, lift a tombstone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sync.core.vocabulary import Side
from sync.engine.lost import end, is_lost, making, unknown_create
from sync.engine.pairing import join
from sync.engine.replace import end_conflicts, take_apart
from sync.engine.rules import PairRules, load
from sync.jobs import enqueue
from sync.models.links import OPEN_INTENTS, Intent, IntentState, Link, LinkState, MatchKey, Separation
from sync.models.pairs import EntityPair
from sync.services.acts import NotPossible, record


def link(pair: EntityPair, *, erp_key: str, crm_key: str, by: str, reason: str = "") -> Link:
    """Make these two records one link. They meet as any two do: the pair's first winner decides what differs."""
    with transaction.atomic():
        halves = _hold(pair, erp_key, crm_key)
        erp = _one_sided(pair, Side.ERP, erp_key, halves)
        crm = _one_sided(pair, Side.CRM, crm_key, halves)
        now, rules = timezone.now(), load(pair)
        for half, found in ((erp, crm_key), (crm, erp_key)):
            if intent := _lost(rules, half, now):
                intent.key = found
                end(
                    intent,
                    IntentState.CONFIRMED,
                    said=f"{by} says that this is the record that was made.",
                    now=now,
                )
            _refuse_while_writing(half)
            _refuse_while_made(rules, half)
            _wake(half)
        if not join(erp, crm, now):
            raise NotPossible(
                f"'{erp}' or '{crm}' is being worked on or has a write under way. Try again in a minute."
            )
        Separation.objects.filter(pair=pair, erp_key=erp_key, crm_key=crm_key).delete()
        _make_due(erp, "linked by a person")
        record(
            "link", by=by, subject=erp, reason=reason, pair=pair, link=erp,
            after={"erp_key": erp_key, "crm_key": crm_key},
        )  # fmt: skip
    return erp


def _hold(pair: EntityPair, erp_key: str, crm_key: str) -> list[Link]:
    """Both, in the order in which everybody takes hold of links."""
    halves = Q(erp_key=erp_key) | Q(crm_key=crm_key)
    return list(Link.objects.current().filter(halves, pair=pair).select_for_update().order_by("pk"))


def _one_sided(pair: EntityPair, side: Side, key: str, halves: Sequence[Link]) -> Link:
    system = pair.system(side)
    found = next((half for half in halves if half.get(side, "key") == key), None)
    if found is None:
        raise NotPossible(
            f"The hub has read no {pair.entity(side)} record '{key}' from {system}. Check the key, or read it first."
        )
    if found.get(side, "missing_at"):
        raise NotPossible(f"'{key}' was not to be found in {system} when the hub last looked for it.")
    if found.linked:
        raise NotPossible(
            f"'{key}' of {system} is linked to '{found.get(side.other, 'key')}' already. Unlink that first."
        )
    return found


def _wake(half: Link) -> None:
    """What rests since it was taken apart goes on where a person says whose counterpart it is."""
    if half.state == LinkState.REMOVED:
        raise NotPossible(f"'{half}' is removed. Lift its tombstone first.")
    half.state, half.problem = LinkState.ACTIVE, ""
    half.save(update_fields=["state", "problem"])


def _refuse_while_made(rules: PairRules, half: Link) -> None:
    if create := making(rules, half):
        raise NotPossible(
            f"'{half}' is probably the record that the hub makes for '{create.link}'. "
            "Try again when the outcome of that is known."
        )


def _lost(rules: PairRules, half: Link, now: datetime) -> Intent | None:
    """Its create whose end nobody saw, where only people can know what became of it."""
    intent = unknown_create(half)
    if intent and is_lost(rules, intent) and not _under_way(intent, now):
        return intent
    return None


def may_say_not_made(chosen: Link) -> bool:
    """Whether a person is asked what became of its create."""
    if unknown_create(chosen) is None:
        return False
    return _lost(load(chosen.pair), chosen, timezone.now()) is not None


def _under_way(intent: Intent, now: datetime) -> bool:
    return intent.look_after is None or intent.look_after > now


def not_made(chosen: Link, *, by: str, reason: str = "") -> None:
    """The record whose create had an unknown outcome, and which the hub cannot look for, is not there: plan it anew."""
    with transaction.atomic():
        found, now = _locked(chosen), timezone.now()
        intent = unknown_create(found)
        if intent is None:
            raise NotPossible(f"'{found}' has no create whose outcome is unknown.")
        if _under_way(intent, now):
            raise NotPossible("The call that makes it may still be under way. Look again in a few minutes.")
        if not is_lost(load(found.pair), intent):
            raise NotPossible(
                "What was written names the record: the hub looks for it itself with the next run."
            )
        end(intent, IntentState.DROPPED, said=f"{by} says that it was not made.", now=now)
        _refuse_while_writing(found)
        Link.objects.filter(pk=found.pk).update(problem="")
        _make_due(found, "it was not made")
        record("not made", by=by, subject=found, reason=reason, pair=found.pair, link=found)


def unlink(chosen: Link, *, by: str, reason: str = "") -> None:
    """Take the two records apart and remember that they are not the same. Both rest until somebody resumes them."""
    with transaction.atomic():
        found = _locked(chosen)
        if not found.linked:
            raise NotPossible(f"'{found}' is known on one side only: there is nothing to unlink.")
        _refuse_while_writing(found)
        now = timezone.now()
        Separation.objects.get_or_create(
            pair=found.pair,
            erp_key=found.erp_key,
            crm_key=found.crm_key,
            defaults={"said_by": by, "reason": reason, "said_at": now},
        )
        before = {"erp_key": found.erp_key, "crm_key": found.crm_key}
        other = _split(found)
        record("unlink", by=by, subject=found, reason=reason, pair=found.pair, link=found, before=before)
        record("unlink", by=by, subject=other, reason=reason, pair=found.pair, link=other, before=before)


def _split(found: Link) -> Link:
    """Both halves rest, each a link of its own."""
    other = take_apart(found, "the two were taken apart")
    for half in (found, other):
        half.state, half.due_at, half.plan = LinkState.PAUSED, None, None
        half.problem = "Unlinked by a person. Resume it to have it matched or created anew."
        half.save(update_fields=["state", "due_at", "problem", "plan"])
    return other


def pause(chosen: Link, *, by: str, reason: str = "") -> None:
    """Leave this link alone until somebody resumes it."""
    _move(chosen, "pause", LinkState.ACTIVE, LinkState.PAUSED, by=by, reason=reason)


def resume(chosen: Link, *, by: str, reason: str = "") -> None:
    """Settle this link again from now on."""
    _move(chosen, "resume", LinkState.PAUSED, LinkState.ACTIVE, by=by, reason=reason)


def lift(chosen: Link, *, by: str, reason: str = "") -> None:
    """Lift a tombstone: the records may be matched, created and kept in step again."""
    _move(chosen, "lift", LinkState.REMOVED, LinkState.ACTIVE, by=by, reason=reason)


def _move(chosen: Link, verb: str, source: LinkState, target: LinkState, *, by: str, reason: str) -> None:
    with transaction.atomic():
        found = _locked(chosen)
        if found.state != source:
            raise NotPossible(
                f"'{found}' is {found.get_state_display()}; only {source.label} links can do that."
            )
        found.state, found.plan = target, None
        found.save(update_fields=["state", "plan"])
        if target == LinkState.ACTIVE:
            _forget_missing(found, verb)
            _make_due(found, f"{verb}d by a person" if verb.endswith("e") else f"{verb}ed by a person")
        record(
            verb, by=by, subject=found, reason=reason, pair=found.pair, link=found,
            before={"state": source}, after={"state": target},
        )  # fmt: skip


def _forget_missing(found: Link, verb: str) -> None:
    """A lifted tombstone starts over: a side that is gone is not known any more, so that it may be made again."""
    if verb != "lift":
        return
    end_conflicts(found, "the tombstone was lifted")
    for side in Side:
        if found.get(side, "missing_at") and found.get(side.other, "key"):
            found.put(side, key=None, base={}, seen={}, stamps={}, version="", missing_at=None)
            found.put(side.other, base={})
            found.linked_at = found.settled_at = None
            found.save()
            MatchKey.objects.filter(link=found, side=side).delete()


def resync(chosen: Link, *, by: str, reason: str = "") -> None:
    """Read both sides afresh and settle this link now. What failed is tried again."""
    with transaction.atomic():
        found = _locked(chosen)
        if found.state in (LinkState.PAUSED, LinkState.REMOVED, LinkState.MERGED):
            raise NotPossible(
                f"'{found}' is {found.get_state_display()}: it is not settled until that changes."
            )
        found.refused, found.attempts = {}, 0
        found.save(update_fields=["refused", "attempts"])
        _make_due(found, "asked for by a person")
        record("resync", by=by, subject=found, reason=reason, pair=found.pair, link=found)


def _make_due(found: Link, reason: str) -> None:
    Link.objects.filter(pk=found.pk).update(due_at=timezone.now(), reread=True, reason=reason)
    enqueue("sweep")


def _locked(chosen: Link) -> Link:
    return Link.objects.select_for_update(of=("self",)).select_related("pair").get(pk=chosen.pk)


def _refuse_while_writing(found: Link) -> None:
    leased = found.lease_until and found.lease_until > timezone.now() and found.lease_token
    if leased or found.intents.filter(state__in=OPEN_INTENTS).exists():
        raise NotPossible(f"A write to '{found}' is under way. Try again when its outcome is known.")
