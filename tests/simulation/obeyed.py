"""Whether the hub does as its administrators say: by what they said, and by what really happened afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.book import Answer, Stop
from tests.simulation.case import Case, Row
from tests.simulation.truth import Event
from tests.simulation.words import PARTNER, akin


def nothing_while_stopped(case: Case) -> Iterator[str]:
    """What a person stopped writes nothing until it goes on, but for what was recorded by then."""
    for event in case.truth.of_hub():
        for stop in case.administrators.stops:
            if stop.since < event.sent < stop.until and _concerns(case, stop, event):
                yield f"{event.row} (#{event.seq}) was written, although {stop}"


def _concerns(case: Case, stop: Stop, event: Event) -> bool:
    token = event.written.token or ""
    change = case.simulation.witness.changes.get(token)
    if change is None or token in stop.under_way or change.pair.name != stop.pair:
        return False
    return stop.link is None or stop.link == change.link_id


def apart_stay_apart(case: Case) -> Iterator[str]:
    """Whom a person took apart nobody joins but a person. A restored hub knows only what it was told before."""
    for (erp, crm), since in case.administrators.apart.items():
        link = case.link_of(erp)
        if link is not None and link.crm_key == crm[2] and not _restored_since(case, since):
            yield f"{erp} and {crm} are linked again: {link.pk}"


def answers_are_kept(case: Case) -> Iterator[str]:
    """What a person chose of two values stands on both sides, unless somebody typed or decided another since."""
    for answer in case.administrators.answers:
        if _restored_since(case, answer.seq) or _overtaken(case, answer):
            continue
        for row, path in answer.ends:
            held = case.held(row)
            if held is not None and not akin(held.get(path), answer.value):
                yield f"{row} {path}={held.get(path)!r}, although a person chose {answer.value!r} (#{answer.seq})"


def _restored_since(case: Case, seq: int) -> bool:
    return any(stretch.stop > seq for stretch in case.simulation.restored)


def _overtaken(case: Case, answer: Answer) -> bool:
    administrators = case.administrators
    met = any(seq > answer.seq for seq in administrators.meetings)
    again = any(other.seq > answer.seq and other.ends == answer.ends for other in administrators.answers)
    return met or again or any(_typed_since(case, row, path, answer.seq) for row, path in answer.ends)


def _typed_since(case: Case, row: Row, path: str, seq: int) -> bool:
    return any(
        event.seq > seq and not event.by_hub and event.changed(path) and (row[0], path) in PARTNER
        for event in case.rows[row]
    )
