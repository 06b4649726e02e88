"""What a record tells of a write that was made to it: that it landed, that it did not, or nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sync.connectors.base import OperationKind
from sync.core.records import Property, Record
from sync.core.spelling import spelling
from sync.core.values import meaning
from sync.core.vocabulary import Side
from sync.engine.clocks import margin, on_their_clock
from sync.engine.rules import PairRules
from sync.engine.slice import Slice
from sync.models.links import Intent

FINE = 0.01
"""Seconds: a clock of such steps has made one between reading a record and whatever follows a write to it."""


def property_of(rules: PairRules, side: Side, intent: Intent, path: str) -> Property:
    """The property that was written, as its mapping knows it."""
    rule = rules.by_name.get(str(intent.rules.get(path, "")))
    return next((end for end in (rule.ends(side) if rule else ()) if end.path == path), Property(path=path))


def sign(rules: PairRules, side: Side, intent: Intent, path: str, record: Record) -> bool | None:
    """One property's word on whether it was written; None where it holds somebody else's value."""
    end, written, held = property_of(rules, side, intent, path), intent.values[path], record.values.get(path)
    if meaning(held, end.type) == meaning(written, end.type):
        return True
    if path in intent.before and meaning(held, end.type) == meaning(intent.before[path], end.type):
        return False
    return True if spelling(written, held, end) else None


def has_landed(rules: PairRules, side: Side, intent: Intent, record: Record) -> bool:
    """Whether the record tells that it was written: something holds the new value, and nothing stands as before.

    What holds neither was edited by somebody since.
    """
    signs = [sign(rules, side, intent, path, record) for path in _telling(rules, side, intent)]
    return True in signs and False not in signs


def untold(rules: PairRules, side: Side, intent: Intent, record: Record) -> set[str]:
    """The properties that hold neither the old value nor the new one of a write of which only the record tells.

    Somebody was here since, or before: then the write never landed, and they typed what its other values are.
    """
    if intent.acknowledged_at or rules.reference_path(side) in intent.values:
        return set()
    return {path for path in intent.values if sign(rules, side, intent, path, record) is None}


def put_back(rules: PairRules, side: Side, intent: Intent, record: Record) -> list[str]:
    """The properties that stand as before, where others hold what was written.

    Somebody put them back, or typed what the others hold, and the write never landed: the record does not tell.
    """
    signs = {path: sign(rules, side, intent, path, record) for path in intent.values}
    return [path for path, told in signs.items() if told is False] if True in signs.values() else []


def _telling(rules: PairRules, side: Side, intent: Intent) -> Collection[str]:
    """The written properties that tell whether a write landed.

    The reference tells it alone, for nobody but the hub writes it. Of the last write to a record that is replaced: what
    marks it inactive. Somebody may have put its reference back since, and then what the hub wrote beside that must not
    pass for an edit of theirs.
    """
    reference = rules.reference_path(side)
    written: Collection[str] = intent.values
    if reference is None or reference not in written:
        return written
    if intent.rules:
        return [reference]
    marks = [path for path in rules.inactive(side) if path in written]
    return [path for path in marks if intent.before.get(path) != intent.values[path]] or written


def may_be_behind(rules: PairRules, side: Side, intent: Intent, record: Record) -> bool:
    """Whether a record is as it was before an update, and no younger: nothing of that is there.

    So answers a copy that lags behind its system, or a system that took a value and kept what it had; or, where stamps
    are coarse, somebody who put everything back within one step of the clock.
    """
    updated_at: datetime | None = record.updated_at
    known = intent.link.get(side, "updated_at")
    if intent.kind != OperationKind.UPDATE or not known or not updated_at or updated_at > known:
        return False
    return not any(sign(rules, side, intent, path, record) for path in intent.values)


def is_behind(work: Slice, side: Side, intent: Intent, record: Record) -> bool:
    """Whether a record is as it was before an update, and nobody can have touched it since."""
    return may_be_behind(work.rules, side, intent, record) and is_older(work, side, intent, record)


def is_older(work: Slice, side: Side, intent: Intent, record: Record) -> bool:
    """Whether a record that may be behind a write is older than that, and no edit back.

    It is older than what was read before, by its own clock; or just as old, and older than the write. That is told by
    our clock, which may jump: so it is asked only where the record's own cannot tell, for two that bear one stamp are
    one only where its clock makes a step within any call.
    """
    updated_at, resolution = record.updated_at, work.capabilities(side).resolution
    assert updated_at is not None
    if updated_at < intent.link.get(side, "updated_at") or resolution <= FINE:
        return True
    system = work.pair.system(side)
    # The time of the write is moved, and not the stamp: a record from the year 9999 has no later one.
    surely_later = margin([(system, work.capabilities(side))])
    return bool(updated_at < on_their_clock(intent.recorded_at, system) - surely_later)
