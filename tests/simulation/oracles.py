"""What must be true of a world that has come to rest, judged by what really happened in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sync.connectors.base import OperationKind
from sync.core.records import Value
from sync.models.links import Conflict, Link
from sync.models.runs import Change
from tests.simulation.truth import Event
from tests.simulation.words import ENTITIES, FIELDS, PAIR, PARTNER, REFERENCE, akin, bare, essence, forward

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ADDRESS = (("city", "OrgCity"), ("zip", "OrgZip"))
"""Fields that win and lose together."""

Row = tuple[str, str, str]
"""Side, entity, key."""


def judge(simulation: Simulation) -> None:
    simulation.witness.look()
    case = Case(simulation)
    for oracle in ORACLES:
        for violation in oracle(case):
            simulation.violate(f"{oracle.__name__.replace('_', ' ')}: {violation}")


class Case:
    """A finished world, and what the oracles look up in it."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation, self.truth, self.world = simulation, simulation.truth, simulation.world
        self.rows = self.truth.by_record()
        self.partners = self._partners()
        self.links: dict[tuple[str, str, str], Link] = {}
        for link in Link.objects.current().select_related("pair"):
            for side in ("erp", "crm"):
                if key := getattr(link, f"{side}_key"):
                    self.links[link.pair.name, side, key] = link
        self.open = {(row.link_id, row.field) for row in Conflict.objects.exclude(state="closed")}

    def _partners(self) -> dict[Row, list[Row]]:
        """Who was ever whose counterpart, by the references the records themselves carried."""
        found: dict[Row, list[Row]] = defaultdict(list)
        for event in self.truth.events:
            for one, other in _references(event):
                if other not in found[one]:
                    found[one].append(other)
                    found[other].append(one)
        return found

    def held(self, row: Row) -> dict[str, Value] | None:
        return self.simulation.system(row[0]).values(row[1], row[2])

    def link_of(self, row: Row) -> Link | None:
        return self.links.get((PAIR[row[1]], row[0], row[2]))

    def couples(self) -> Iterator[tuple[str, Row, Row]]:
        """Living records that belong together: pair, ERP record, webCRM record."""
        for pair, (erp, crm) in ENTITIES.items():
            for key in self.world.crm.keys(crm):
                other = str((self.world.crm.values(crm, key) or {}).get(REFERENCE[pair]) or "")
                if other and self.world.erp.values(erp, other) is not None:
                    yield pair, ("erp", erp, other), ("crm", crm, key)

    def last_edit(self, row: Row, path: str) -> tuple[int, Event] | None:
        """The last time a person changed a field of a record, and its place among the record's events."""
        events = self.rows[row]
        mine = [
            (number, event)
            for number, event in enumerate(events)
            if not event.by_hub and event.changed(path) and event.written.kind is not OperationKind.REMOVE
        ]
        return mine[-1] if mine else None


def _references(event: Event) -> Iterator[tuple[Row, Row]]:
    entity = event.written.entity
    pair, values = PAIR[entity], event.written.after
    erp, crm = ENTITIES[pair]
    if event.side == "crm" and values.get(REFERENCE[pair]):
        yield ("crm", crm, event.written.key), ("erp", erp, str(values[REFERENCE[pair]]))
    if event.side == "erp" and values.get("reference") and pair == "customers":
        yield ("erp", erp, event.written.key), ("crm", crm, str(values["reference"]))


def convergence(case: Case) -> Iterator[str]:
    """Every couple says the same, or the hub says which field of it waits for whom."""
    for pair, erp, crm in case.couples():
        mine, theirs = case.held(erp) or {}, case.held(crm) or {}
        link = case.link_of(erp)
        for path, other in FIELDS[pair]:
            if _agree(case, pair, (path, mine.get(path)), (other, theirs.get(other))):
                continue
            if link is None or not _explained(case, link, path, other):
                yield f"{erp[2]}.{path}={mine.get(path)!r} but {crm[2]}.{other}={theirs.get(other)!r}: {_state(link)}"


def _agree(case: Case, pair: str, erp: tuple[str, Value], crm: tuple[str, Value]) -> bool:
    entities = dict(zip(("erp", "crm"), ENTITIES[pair], strict=True))
    habit = case.simulation.system("crm").entity(entities["crm"]).habits.get(crm[0], _same)
    back = case.simulation.system("erp").entity(entities["erp"]).habits.get(erp[0], _same)
    there = essence(crm[0], crm[1])
    if essence(crm[0], habit(forward(erp[0], erp[1]))) == there or essence(erp[0], erp[1]) == there:
        return True
    if essence(erp[0], back(crm[1])) == essence(erp[0], erp[1]):
        return True
    blanks = {mapping.blank for mapping in case.world.pairs[pair].mappings.filter(crm_property=crm[0])}
    return bool(blanks & {"keep", "protect"}) and (not erp[1] or not crm[1])


def _same(value: Value) -> Value:
    return value


def _explained(case: Case, link: Link, path: str, other: str) -> bool:
    """The hub names this field, or one of its group, in a conflict; or says why it cannot travel."""
    names = ADDRESS if (path, other) in ADDRESS else ((path, other),)
    fields = {f"{erp} · {crm}" for erp, crm in names}
    return any((link.pk, field) in case.open for field in fields) or (
        link.outcome == "failed" and other in link.problem
    )


def _state(link: Link | None) -> str:
    if link is None:
        return "no link"
    words = f"{link.state}/{link.outcome}{' waiting' * link.waiting}"
    return f"link {link.pk} {words} due {link.due_at} {link.problem!r} {link.erp_key}/{link.crm_key}"


def bijection(case: Case) -> Iterator[str]:
    """Every record has one counterpart, or the hub says why it has none."""
    for pair, (erp, crm) in ENTITIES.items():
        carried = Counter(
            str((case.world.crm.values(crm, key) or {}).get(REFERENCE[pair]) or "")
            for key in case.world.crm.keys(crm)
        )
        yield from (f"{number} {crm} carry {key}" for key, number in carried.items() if key and number > 1)
        for side, entity in (("erp", erp), ("crm", crm)):
            for key in case.simulation.system(side).keys(entity):
                yield from _accounted(case, pair, (side, entity, key))


def _accounted(case: Case, pair: str, row: Row) -> Iterator[str]:
    link = case.link_of(row)
    if link is None:
        yield f"{row} is unknown to the hub"
    elif not link.linked and not link.problem:
        yield f"{row} has no counterpart: {_state(link)}"
    elif not link.linked and link.waiting and _parent_is_linked(case, link):
        yield f"{row} waits for nobody: {_state(link)}"


def _parent_is_linked(case: Case, link: Link) -> bool:
    side = "erp" if link.erp_key else "crm"
    parent = case.links.get(("customers", side, getattr(link, f"{side}_parent")))
    return bool(parent and parent.linked and parent.state == "active")


def no_double_create(case: Case) -> Iterator[str]:
    """One counterpart is made for a record, once, and none for a record that was itself made as one."""
    made: dict[Row, Row] = {}
    carried: dict[Row, tuple[int, Row]] = {}
    for event in case.truth.events:
        row = (event.side, event.written.entity, event.written.key)
        for one, other in _references(event):
            if one != row:
                continue
            if event.by_hub and event.written.kind is OperationKind.CREATE:
                yield from _second(case, made, carried, row, other)
                made[row] = other
            carried.setdefault(other, (event.seq, row))


def _second(
    case: Case, made: dict[Row, Row], carried: dict[Row, tuple[int, Row]], row: Row, origin: Row
) -> Iterator[str]:
    if origin in made:
        yield f"{row} was made for {origin}, which was itself made for {made[origin]}"
    elif origin in carried and carried[origin][1] != row and not _forgotten(case, *carried[origin]):
        yield f"{row} was made for {origin}, which had {carried[origin][1]} already"


def _forgotten(case: Case, seq: int, counterpart: Row) -> bool:
    """A counterpart that came and went after the backup was taken, or before the hub was ever told of it."""
    if case.held(counterpart) is not None:
        return False
    birth = case.rows[counterpart][0]
    told = any((it.side, it.entity, it.record.key) == counterpart for it in case.truth.told)
    unseen = not told and birth.by_hub and birth.written.token not in case.truth.acknowledged
    return unseen or any(seq >= restored for restored in case.simulation.restored)


def scope(case: Case) -> Iterator[str]:
    for event in case.truth.of_hub(OperationKind.CREATE):
        for _, origin in _references(event):
            values = case.held(origin) or {}
            if values.get("type") == "private":
                yield f"{event.written.key} was made for {origin}, which is out of scope"


def parents_first(case: Case) -> Iterator[str]:
    for event in case.truth.of_hub(OperationKind.CREATE):
        after = event.written.after
        for path, side, entity in (("customer.id", "erp", "customers"), ("PersonOrgId", "crm", "orgs")):
            if path in after and event.written.entity in ("contacts", "persons"):
                parent = case.rows.get((side, entity, str(after[path])), [])
                if not parent or parent[0].seq > event.seq:
                    yield f"{event.written.key} was made under {after[path]}, which was not there"


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
        if conflict.mapping is None or conflict.mapping.group:
            continue
        for side in ("erp", "crm"):
            entity = ENTITIES[conflict.mapping.pair.name][side == "crm"]
            row = (side, entity, getattr(conflict.link, f"{side}_key"))
            for path, value in getattr(conflict, f"{side}_values").items():
                if not _typed(case, row, path, value):
                    yield f"{conflict.field} of {row}: nobody typed {value!r}"


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


def no_lossy_echo(case: Case) -> Iterator[str]:
    """A spelling of the other system's never comes back over the value it was made of."""
    for event in case.truth.of_hub(OperationKind.UPDATE):
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
    rows = [row, *case.partners.get(row, [])]
    typed = [
        e.written.after.get(p) for r in rows for e in case.rows[r] for p in (path, partner) if not e.by_hub
    ]
    exact = {str(text) for text in typed} | case.truth.ruled
    habit = case.simulation.system(row[0]).entity(row[1]).habits.get(path, _same)
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
            if hub > people + 2 + 2 * len(case.simulation.restored):
                yield f"{path} of {erp[2]}/{crm[2]} was written {hub} times for {people} edits"


def audit_complete(case: Case) -> Iterator[str]:
    changes = case.simulation.witness.changes
    landed = {event.written.token for event in case.truth.of_hub()}
    for event in case.truth.of_hub():
        change = changes.get(event.written.token or "")
        if change is None:
            yield f"{event.written} has no audit row"
        elif change.outcome == "refused":
            yield f"{change} says it was refused, and it landed"
    for token, change in changes.items():
        restored = case.simulation.restored
        if change.outcome == "written" and token not in landed and not (restored or _held_it(case, change)):
            yield f"{change} says it was written, and nothing landed"
    for change in Change.objects.filter(outcome="pending"):
        yield f"{change} is still pending at rest"
    for link in Link.objects.filter(intents__state__in=["recorded", "acknowledged", "unknown"]):
        yield f"an intent is still open at rest: {_state(link)}"


def _held_it(case: Case, change: Change) -> bool:
    """An outcome nobody saw, and the record held what was to be written all the same."""
    pair = next(name for name, entities in ENTITIES.items() if change.entity in entities)
    row = (change.side, ENTITIES[pair][change.side == "crm"], change.key)
    after = {it["property"]: it["after"] for it in change.fields}
    return any(all(akin(e.written.after.get(p), value) for p, value in after.items()) for e in case.rows[row])


def truthful_bases(case: Case) -> Iterator[str]:
    """A base is a value its side really held, or acknowledged. A restored hub may take one write for another."""
    if case.simulation.restored:
        return
    for (pair, side, key), link in case.links.items():
        row = (side, ENTITIES[pair][side == "crm"], key)
        for path, value in getattr(link, f"{side}_base").items():
            if not any(str(value) == str(known) for known in _ever(case, row, path)):
                yield f"{row} never held {path}={value!r}"


def _ever(case: Case, row: Row, path: str) -> Iterator[Value]:
    for event in case.rows[row]:
        yield event.written.after.get(path)
        yield case.truth.asked.get(event.written.token or "", {}).get(path)


Oracle = Callable[[Case], Iterator[str]]
ORACLES: tuple[Oracle, ...] = (
    convergence, bijection, no_double_create, scope, parents_first, no_lost_edit, no_false_conflict, nothing_invented,
    no_lossy_echo, no_ping_pong, audit_complete, truthful_bases,
)  # fmt: skip
