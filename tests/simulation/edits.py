"""What became of people's edits, and what the hub wrote that nobody asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from sync.connectors.base import OperationKind
from sync.core.records import Value
from sync.engine.flips import FLIPS
from sync.models.links import Conflict
from tests.simulation.case import Case, Row, unchanged
from tests.simulation.truth import Event
from tests.simulation.words import ENTITIES, FIELDS, PAIR, PARTNER, akin, bare, essence, forward


def no_lost_edit(case: Case) -> Iterator[str]:
    """The last edit of every field stands, or was overtaken, or lost openly, or fell into the window."""
    for row in list(case.rows):
        if case.held(row) is None:
            continue
        for path in (p for s, p in PARTNER if s == row[0]):
            found = case.last_edit(row, path)
            if found is not None:
                yield from _fate(case, row, path, *found)


def _fate(case: Case, row: Row, path: str, number: int, edit: Event) -> Iterator[str]:
    value = edit.written.after.get(path)
    if number == 0 and not value:
        return
    over = next((e for e in case.rows[row][number + 1 :] if _differs(path, e, value)), None)
    if over is None or _reached(case, row, path, edit, over) or _documented(case, row, path, value):
        return
    if _was_told(case, row, path, edit, over.sent):
        yield f"{row} {path}={value!r} (#{edit.seq}) was overwritten by {over.written.after.get(path)!r} (#{over.seq})"
    elif case.simulation.system(row[0]).entity(row[1]).capabilities.conditional:
        yield f"{row} {path}={value!r} (#{edit.seq}) fell into the window of a system with conditional writes"
    else:
        case.simulation.figures["window losses"] += 1


def _differs(path: str, event: Event, value: Value) -> bool:
    if event.written.kind is OperationKind.REMOVE:
        return False
    return event.by_hub and event.changed(path) and not akin(event.written.after.get(path), value)


def _reached(case: Case, row: Row, path: str, edit: Event, over: Event) -> bool:
    """The other side held the value too before it was overtaken there."""
    partner = PARTNER[row[0], path][1]
    value = edit.written.after.get(path)
    for other in case.partners.get(row, []):
        for event in case.rows[other]:
            if (
                event.seq < over.seq
                and akin(event.written.after.get(partner), value)
                and (event.seq > edit.seq or _still(case, other, partner, event, edit.seq))
            ):
                return True
    return False


def _still(case: Case, row: Row, path: str, held: Event, seq: int) -> bool:
    """Whether the value held at `held` still stood at `seq`."""
    later = [event for event in case.rows[row] if held.seq < event.seq < seq and event.changed(path)]
    return not later


def _documented(case: Case, row: Row, path: str, value: Value) -> bool:
    side, entity, key = row
    for change in case.simulation.witness.changes.values():
        if (change.side, change.entity, change.key) == (side, entity, key):
            before = [it.get("before") for it in change.fields if it["property"] == path]
            held = [change.held[path]] if change.held and path in change.held else []
            if any(essence(path, kept) == essence(path, value) for kept in (*before, *held)):
                return True
    return any(
        getattr(row_.link, f"{side}_key") == key and essence(path, values.get(path)) == essence(path, value)
        for row_ in case.simulation.witness.conflicts
        if path in (values := getattr(row_, f"{side}_values"))
    )


def _was_told(case: Case, row: Row, path: str, edit: Event, until: int) -> bool:
    value = edit.written.after.get(path)
    return any(
        (told.side, told.entity, told.record.key) == row and edit.seq < told.seq < until
        and told.record.values.get(path) == value
        for told in case.truth.told
    )  # fmt: skip


def no_false_conflict(case: Case) -> Iterator[str]:
    """Both values of a conflict were typed by people. A restored hub may ask more than it must."""
    if case.simulation.restored:
        return
    for conflict in case.simulation.witness.conflicts:
        if conflict.mapping is None or conflict.mapping.group or conflict.why.startswith(FLIPS):
            continue
        for side in ("erp", "crm"):
            entity = ENTITIES[conflict.mapping.pair.name][side == "crm"]
            rows = [(side, entity, key) for key in _keys(case, conflict, side)]
            for path, value in getattr(conflict, f"{side}_values").items():
                if not any(_typed(case, row, path, value) for row in rows):
                    yield f"{conflict.field} of {rows[0]}: nobody typed {value!r}"


def _keys(case: Case, conflict: Conflict, side: str) -> list[str]:
    """Whose the values are: the link's, or where people took links apart, whose they were when it was asked."""
    then = [
        asked.keys[side]
        for asked in case.simulation.witness.asked
        if case.administrators.ever_apart
        and asked.field == conflict.field
        and asked.values[side] == getattr(conflict, f"{side}_values")
    ]
    return [str(key) for key in (getattr(conflict.link, f"{side}_key"), *then)]


def _typed(case: Case, row: Row, path: str, value: Value) -> bool:
    return any(
        not event.by_hub and event.written.after.get(path) == value and event.changed(path)
        for event in case.rows[row]
    )


def nothing_invented(case: Case) -> Iterator[str]:
    """What the hub writes somebody has typed: in the other system, or into the hub."""
    typed = {bare(v) for e in case.truth.events if not e.by_hub for v in e.written.after.values()}
    typed |= {bare(value) for value in case.truth.ruled}
    for event in case.truth.of_hub():
        for path, value in case.truth.asked.get(event.written.token or "", {}).items():
            if (event.side, path) in PARTNER and not any(akin(value, text) for text in typed):
                yield f"{event.side} {event.written.key} {path}={value!r}"


def nothing_stale(case: Case) -> Iterator[str]:
    """What the hub carries over stood on the other side after the hub itself had last written there.

    A restored hub does not know what it wrote.
    """
    if case.simulation.restored:
        return
    for event in case.truth.of_hub(OperationKind.UPDATE):
        asked = case.truth.asked.get(event.written.token or "", {})
        for path, value in asked.items():
            if (event.side, path) in PARTNER and event.changed(path) and not _stood(case, event, path, value):
                yield f"{event.row} {path}={value!r} (#{event.seq}) stood on the other side no more"


def _stood(case: Case, event: Event, path: str, value: Value) -> bool:
    if any(akin(value, ruled) for ruled in case.truth.ruled):
        return True
    partner = PARTNER[event.side, path][1]
    rows = {*case.partners.get(event.row, []), *case.namesakes(event.row)}
    return any(akin(value, held) for row in rows for held in _lately(case, row, partner, event.sent))


def _lately(case: Case, row: Row, path: str, until: int) -> Iterator[Value]:
    """What a property held before `until`, from the hub's own last write to it on."""
    for event in reversed([event for event in case.rows[row] if event.seq < until]):
        yield event.written.after.get(path)
        if event.by_hub and event.changed(path):
            return


def no_lossy_echo(case: Case) -> Iterator[str]:
    """A spelling of the other system's never comes back over the value it was made of.

    A restored hub does not know of what: the two meet anew, and its first winner decides.
    """
    restored = min((forgotten.stop for forgotten in case.simulation.restored), default=sys.maxsize)
    for event in (event for event in case.truth.of_hub(OperationKind.UPDATE) if event.seq < restored):
        row = (event.side, event.written.entity, event.written.key)
        for path in event.written.after:
            before, after = event.written.before.get(path), event.written.after[path]
            if (event.side, path) not in PARTNER or not event.changed(path) or not bare(after):
                continue
            cut = bare(before).startswith(bare(after)) and essence(path, before) != essence(path, after)
            if cut and not _typed_at_partner(case, row, path, after):
                yield f"{row} {path}: {before!r} became {after!r}"


def _typed_at_partner(case: Case, row: Row, path: str, value: Value) -> bool:
    partner = PARTNER[row[0], path][1]
    rows = [row, *case.partners.get(row, []), *case.namesakes(row)]
    typed = [
        e.written.after.get(p) for r in rows for e in case.rows[r] for p in (path, partner) if not e.by_hub
    ]
    exact = {str(text) for text in typed} | case.truth.ruled
    habit = case.simulation.system(row[0]).entity(row[1]).habits.get(path, unchanged)
    forms = {
        bare(form)
        for text in exact
        for form in (text, habit(text), forward(path, text), habit(forward(path, text)))
    }
    return bare(value) in forms


def no_ping_pong(case: Case) -> Iterator[str]:
    """A field is written no oftener than it was edited, on either side."""
    for _, erp, crm in case.couples():
        for path, other in FIELDS[PAIR[erp[1]]]:
            both = [(e, p) for row, p in ((erp, path), (crm, other)) for e in case.rows[row] if e.changed(p)]
            hub = sum(event.by_hub for event, _ in both)
            people = len(both) - hub
            if hub > people + 2 + 2 * (len(case.simulation.restored) + len(case.administrators.meetings)):
                yield f"{path} of {erp[2]}/{crm[2]} was written {hub} times for {people} edits"
