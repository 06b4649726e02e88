"""Whether people were asked wherever they had to be: two edits of one field, neither of which knew of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync.connectors.base import OperationKind
from sync.core.records import Value
from sync.models.pairs import FieldMapping
from tests.simulation.case import Case, Row
from tests.simulation.truth import Event
from tests.simulation.words import PAIR, PARTNER, akin, essence


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A person's value that a write of the hub's overwrote. `other`: the record that the write may have come from."""

    row: Row
    path: str
    edit: Event
    over: Event
    other: Row

    @property
    def value(self) -> Value:
        return self.edit.written.after.get(self.path)

    @property
    def partner(self) -> str:
        return PARTNER[self.row[0], self.path][1]

    @property
    def field(self) -> str:
        """As the hub names it."""
        both = (self.path, self.partner)
        return " · ".join(both if self.row[0] == "erp" else reversed(both))


def no_missed_conflict(case: Case) -> Iterator[str]:
    """A value that a person typed is overwritten only where its side was asked, or the other side knew of it, or a
    policy says who wins and the audit keeps the loser. A restored hub does not know any more what it asked.
    """
    if case.simulation.restored:
        return
    for loss in _losses(case):
        known = list(_in_step(case, loss))
        since = known[-1][1] if known else 0
        if not known or loss.edit.seq <= since or not _was_told(case, loss):
            continue
        mapping = _mapping(case, loss)
        policies = {mapping.policy} | case.administrators.policies[mapping.crm_property]
        # Two that a person took apart met anew, if they ever did: the pair's first winner decided.
        policies |= {"first winner"} if case.were_apart(loss.row, loss.other) else set()
        if (
            _is_back(case, loss, known)
            or _was_tried(case, loss)
            or (not loss.value and mapping.blank != "clear")
        ):
            continue
        if not (_asked(case, loss, since) or (policies != {"ask"} and _kept(case, loss))):
            yield (
                f"{loss.row} {loss.path}={loss.value!r} (#{loss.edit.seq}) gave way to "
                f"{loss.over.written.after.get(loss.path)!r} (#{loss.over.seq}) under {mapping.policy!r}: "
                f"nobody was asked since they were in step (#{since})"
            )


def _losses(case: Case) -> Iterator[Loss]:
    """Every write of the hub's over a value that a person had typed last."""
    for row, events in case.rows.items():
        for path in (path for side, path in PARTNER if side == row[0]):
            last: Event | None = None
            for event in events:
                if not event.changed(path) or event.written.kind is OperationKind.REMOVE:
                    continue
                if (
                    last
                    and event.by_hub
                    and not akin(event.written.after.get(path), last.written.after.get(path))
                ):
                    for other in case.partners.get(row, []):
                        if _is_there(case, other, event.seq):
                            yield Loss(row=row, path=path, edit=last, over=event, other=other)
                last = None if event.by_hub else event


def _is_there(case: Case, row: Row, seq: int) -> bool:
    before = [event for event in case.rows[row] if event.seq < seq]
    return bool(before) and before[-1].written.kind is not OperationKind.REMOVE


def _in_step(case: Case, loss: Loss) -> Iterator[tuple[Event, int]]:
    """From when to when the two records, once each other's counterparts, said the same and the hub knew."""
    for start, end in _stretches(case, loss):
        if start.by_hub or all(_is_told(case, row, start.seq, end) for row in (loss.row, loss.other)):
            yield start, end


def _stretches(case: Case, loss: Loss) -> Iterator[tuple[Event, int]]:
    """From when to when the two said the same, until the value was overwritten."""
    both = sorted([*case.rows[loss.row], *case.rows[loss.other]], key=lambda event: event.seq)
    paths = {loss.row: loss.path, loss.other: loss.partner}
    said: dict[Row, Value] = {}
    start, linked = None, False
    for event in (event for event in both if event.seq < loss.over.seq):
        said[event.row] = event.written.after.get(paths[event.row])
        linked = linked or case.ties(event, loss.row, loss.other)
        same = linked and len(said) == 2 and akin(said[loss.row], said[loss.other])
        if start and (not same or event.changed(paths[event.row])):
            yield start, event.seq - 1
            start = None
        start = start or (event if same else None)
    if start:
        yield start, loss.over.seq - 1


def _is_told(case: Case, row: Row, start: int, end: int) -> bool:
    return any(
        start < told.seq <= end and (told.side, told.entity, told.record.key) == row
        for told in case.truth.told
    )


def _is_back(case: Case, loss: Loss, known: Sequence[tuple[Event, int]]) -> bool:
    """Whether the person only put back what the record had said when they were in step: nothing moved on its side.

    Or what it had said the time before that, where people on both sides had made the same edit and this one was taken
    back: the hub may have read both, and not have settled them yet.
    """
    start, end = known[-1]
    ends = [end] if start.by_hub else [end, *(earlier for _, earlier in known[-2:-1])]
    return any(_said(case, loss, until) == essence(loss.path, loss.value) for until in ends)


def _was_tried(case: Case, loss: Loss) -> bool:
    """Whether the person typed just what a write of the hub's, of which nobody knew the end, would have left there."""
    tried = (it for token, it in case.simulation.witness.changes.items() if token not in case.landed)
    return any(
        (change.side, change.entity, change.key) == loss.row
        and any(it["property"] == loss.path and akin(it["after"], loss.value) for it in change.fields)
        for change in tried
    )


def _said(case: Case, loss: Loss, until: int) -> str | None:
    """What the record held at some time."""
    before = [event.written.after.get(loss.path) for event in case.rows[loss.row] if event.seq <= until]
    return essence(loss.path, before[-1]) if before else None


def _mapping(case: Case, loss: Loss) -> FieldMapping:
    crm = loss.path if loss.row[0] == "crm" else loss.partner
    return case.world.pairs[PAIR[loss.row[1]]].mappings.get(crm_property=crm)


def _was_told(case: Case, loss: Loss) -> bool:
    """Whether the hub had read the value before it sent its write: else it fell into the window."""
    return any(
        (told.side, told.entity, told.record.key) == loss.row
        and loss.edit.seq < told.seq < loss.over.sent
        and told.record.values.get(loss.path) == loss.value
        for told in case.truth.told
    )


def _asked(case: Case, loss: Loss, since: int) -> bool:
    """Whether a conflict that showed this value was under way at some time since they were in step."""
    return any(
        asked.field == loss.field
        and asked.keys[loss.row[0]] == loss.row[2]
        and akin(asked.values[loss.row[0]].get(loss.path), loss.value)
        and asked.begun < loss.over.seq
        and asked.ended > since
        for asked in case.simulation.witness.asked
    )


def _kept(case: Case, loss: Loss) -> bool:
    """Whether the audit of that very write keeps the value that lost."""
    change = case.simulation.witness.changes.get(loss.over.written.token or "")
    if change is None:
        return False
    before = [it.get("before") for it in change.fields if it["property"] == loss.path]
    held = [change.held[loss.path]] if change.held and loss.path in change.held else []
    return any(essence(loss.path, kept) == essence(loss.path, loss.value) for kept in (*before, *held))
