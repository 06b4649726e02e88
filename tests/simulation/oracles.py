"""What must be true of a world that has come to rest, judged by what really happened in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sync.connectors.base import OperationKind
from sync.core.records import Value
from sync.models.links import OPEN_INTENTS, Intent, Link
from sync.models.runs import Change, Run, RunState
from tests.simulation.case import Case, Row, references, unchanged
from tests.simulation.edits import (
    no_false_conflict,
    no_lossy_echo,
    no_lost_edit,
    no_ping_pong,
    nothing_invented,
    nothing_stale,
)
from tests.simulation.missed import no_missed_conflict
from tests.simulation.obeyed import answers_are_kept, apart_stay_apart, nothing_while_stopped
from tests.simulation.secrets import told
from tests.simulation.truth import Event
from tests.simulation.words import ENTITIES, FIELDS, IDENTITY, REFERENCE, akin, essence, forward

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ADDRESS = (("city", "OrgCity"), ("zip", "OrgZip"))
"""Fields that win and lose together."""


def judge(simulation: Simulation) -> None:
    simulation.witness.look()
    case = Case(simulation)
    for oracle in ORACLES:
        for violation in oracle(case):
            simulation.violate(f"{oracle.__name__.replace('_', ' ')}: {violation}")


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
    habit = case.simulation.system("crm").entity(entities["crm"]).habits.get(crm[0], unchanged)
    back = case.simulation.system("erp").entity(entities["erp"]).habits.get(erp[0], unchanged)
    there = essence(crm[0], crm[1])
    if essence(crm[0], habit(forward(erp[0], erp[1]))) == there or essence(erp[0], erp[1]) == there:
        return True
    if essence(erp[0], back(crm[1])) == essence(erp[0], erp[1]):
        return True
    blanks = {mapping.blank for mapping in case.world.pairs[pair].mappings.filter(crm_property=crm[0])}
    return bool(blanks & {"keep", "protect"}) and (not erp[1] or not crm[1])


def _explained(case: Case, link: Link, path: str, other: str) -> bool:
    """The hub names this field or one of its group in a conflict, or says why it cannot travel, or who is awaited."""
    if link.waiting and not link.linked and not _parent_is_linked(case, link):
        return True
    names = ADDRESS if (path, other) in ADDRESS else ((path, other),)
    fields = {f"{erp} · {crm}" for erp, crm in names}
    if _is_taken_for_a_spelling(case, link, path, other):
        return True
    return any((link.pk, field) in case.open for field in fields) or (
        link.outcome == "failed" and any(f"{name}: " in link.problem for couple in names for name in couple)
    )


def _is_taken_for_a_spelling(case: Case, link: Link, path: str, other: str) -> bool:
    """A system that names no editors holds what looks like its spelling of what was written, and the audit says so."""
    if case.simulation.drawn.names_editor:
        return False
    keys = {"erp": (link.erp_key, path), "crm": (link.crm_key, other)}
    for change in case.simulation.witness.changes.values():
        key, name = keys[change.side]
        written = [it["after"] for it in change.fields if it["property"] == name]
        held = (change.held or {}).get(name)
        if change.key == key and written and held != written[0] and akin(held, written[0]):
            now = (case.held((change.side, change.entity, change.key)) or {}).get(name)
            if now == held:
                return True
    return False


def _state(link: Link | None) -> str:
    if link is None:
        return "no link"
    words = f"{link.state}/{link.outcome}{' waiting' * link.waiting}"
    return f"link {link.pk} {words} due {link.due_at} {link.problem!r} {link.erp_key}/{link.crm_key}"


def bijection(case: Case) -> Iterator[str]:
    """Every record has one counterpart, or the hub says why it has none."""
    for pair, (erp, crm) in ENTITIES.items():
        carried = Counter(
            str((case.held(row) or {}).get(REFERENCE[pair]) or "") for row in _not_apart(case, pair)
        )
        yield from (f"{number} {crm} carry {key}" for key, number in carried.items() if key and number > 1)
        for side, entity in (("erp", erp), ("crm", crm)):
            for key in case.simulation.system(side).keys(entity):
                yield from _accounted(case, pair, (side, entity, key))


def _not_apart(case: Case, pair: str) -> Iterator[Row]:
    """webCRM's records but for those that a person took from the one whose key they carry."""
    erp, crm = ENTITIES[pair]
    for key in case.world.crm.keys(crm):
        row = ("crm", crm, key)
        if not case.are_apart(("erp", erp, str((case.held(row) or {}).get(REFERENCE[pair]))), row):
            yield row


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
        for one, other in references(event):
            if one != row:
                continue
            if event.by_hub and event.written.kind is OperationKind.CREATE:
                yield from _second(case, made, carried, row, other)
                made[row] = other
            if other in carried and (
                _replaced(case, *carried[other]) or case.were_apart(other, carried[other][1])
            ):
                del carried[other]
            carried.setdefault(other, (event.seq, row))


def _second(
    case: Case, made: dict[Row, Row], carried: dict[Row, tuple[int, Row]], row: Row, origin: Row
) -> Iterator[str]:
    if origin in made and not case.were_apart(origin, made[origin]):
        yield f"{row} was made for {origin}, which was itself made for {made[origin]}"
    elif origin in carried and carried[origin][1] != row and not _let_go(case, origin, *carried[origin]):
        yield f"{row} was made for {origin}, which had {carried[origin][1]} already"


def _let_go(case: Case, origin: Row, seq: int, counterpart: Row) -> bool:
    return (
        case.were_apart(origin, counterpart)
        or _replaced(case, seq, counterpart)
        or _forgotten(case, seq, counterpart)
    )


def _replaced(case: Case, _seq: int, counterpart: Row) -> bool:
    """A person wanted another one in its place, and it is nobody's counterpart in the end."""
    reference = (case.held(counterpart) or {}).get("PersonRef")
    return counterpart[1] == "persons" and counterpart[2] in case.truth.replaced and not reference


def _forgotten(case: Case, seq: int, counterpart: Row) -> bool:
    """A counterpart that came and went while nothing was remembered, or before the hub was ever told of it.

    Or that is there, and was left out of the listing by which a hub without its memory begins.
    """
    if case.held(counterpart) is not None:
        return counterpart in case.simulation.hidden and _lost(case, seq)
    birth = case.rows[counterpart][0]
    told = any(
        (it.side, it.entity, it.record.key) == counterpart and not _lost(case, it.seq)
        for it in case.truth.kept
    )
    unseen = not told and birth.by_hub and birth.written.token not in case.truth.acknowledged
    return unseen or _lost(case, seq)


def _lost(case: Case, seq: int) -> bool:
    """Whether what happened then went with the hub's memory when a backup came back."""
    return any(seq in stretch for stretch in case.simulation.restored)


def twins_meet(case: Case) -> Iterator[str]:
    """Nothing is made for a customer who stood on both sides before the hub first looked, and bore one number since."""
    for event in case.truth.of_hub(OperationKind.CREATE):
        for row, origin in references(event):
            number = _lasting_number(case, origin, event.sent)
            if row != event.row or row[1] not in ENTITIES["customers"] or not number:
                continue
            for twin in (it for it in case.rows if it[:2] == row[:2]):
                if _lasting_number(case, twin, event.sent) == number and not case.were_apart(origin, twin):
                    yield f"{row} was made for {origin}, although {twin} bore its number {number} all the time"


def _lasting_number(case: Case, row: Row, until: int) -> str:
    """The number that a record bore from before the hub's first call on; empty where it changed or was ever hidden."""
    path, begun = IDENTITY[row[1]], case.truth.begun
    before = [event for event in case.rows[row] if event.seq < begun][-1:]
    since = [event for event in case.rows[row] if begun < event.seq < until]
    borne = {essence(path, event.written.after.get(path)) for event in (*before, *since)}
    return borne.pop() if before and len(borne) == 1 and row not in case.simulation.hidden else ""


def scope(case: Case) -> Iterator[str]:
    for event in case.truth.of_hub(OperationKind.CREATE):
        for _, origin in references(event):
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


def audit_complete(case: Case) -> Iterator[str]:
    changes = case.simulation.witness.changes
    for event in case.truth.of_hub():
        change = changes.get(event.written.token or "")
        if change is None:
            yield f"{event.written} has no audit row"
        elif change.outcome == "refused":
            yield f"{change} says it was refused, and it landed"
        elif change.outcome == "dropped" and _still_there(case, event):
            yield f"{change} says it did not happen, and {event.row} is there"
    for token, change in changes.items():
        restored = case.simulation.restored
        if (
            change.outcome == "written"
            and token not in case.landed
            and not (restored or _held_it(case, change))
        ):
            yield f"{change} says it was written, and nothing landed"


def _still_there(case: Case, event: Event) -> bool:
    """A record that the hub made, and that was there whenever it looked. A restored hub looks for what it knows of."""
    made = event.written.kind is OperationKind.CREATE and case.held(event.row) is not None
    return made and not case.simulation.restored


def nothing_left_open(case: Case) -> Iterator[str]:
    for intent in Intent.objects.filter(state__in=OPEN_INTENTS).select_related("change", "link"):
        if not _nameless(intent):
            yield f"{intent.change} is still pending at rest: {_state(intent.link)}"
    for change in Change.objects.filter(outcome="pending").exclude(intent__state__in=OPEN_INTENTS):
        yield f"{change} is pending, and nothing will end it"


def _nameless(intent: Intent) -> bool:
    """A create for a record that did not say its own key: nothing was written by which it could be looked for."""
    named = {"reference", "OrgRef", "PersonRef"} & intent.values.keys()
    return intent.state == "unknown" and intent.kind == "create" and not named


def _held_it(case: Case, change: Change) -> bool:
    """An outcome nobody saw, and the record spoke for it all the same: some of it was there, none stood as before."""
    pair = next(name for name, entities in ENTITIES.items() if change.entity in entities)
    row = (change.side, ENTITIES[pair][change.side == "crm"], change.key)
    return any(_speaks_for(event.written.after, change.fields) for event in case.rows[row])


def _speaks_for(held: Mapping[str, Value], fields: Sequence[Mapping[str, Value]]) -> bool:
    words = [(str(it["property"]), held.get(str(it["property"])), it["before"], it["after"]) for it in fields]
    there = [akin(value, after) for _, value, _, after in words]
    left = [
        essence(path, value) == essence(path, before)
        for path, value, before, after in words
        if not akin(value, after)
    ]
    return any(there) and not any(left)


def counts_add_up(case: Case) -> Iterator[str]:
    """Every link that an ended run touched stands in its counts, once."""
    for run in Run.objects.filter(state__in=[RunState.DONE, RunState.FAILED]):
        if sum(run.counts.values()) != run.touched:
            yield f"{run} touched {run.touched} links and counts {run.counts}"


def windows_counted(case: Case) -> Iterator[str]:
    """A run tells of every write that no version protected, also where its worker died; restored hubs forget."""
    if case.simulation.restored:
        return
    landed: Counter[tuple[int, str]] = Counter()
    for event in case.truth.of_hub(OperationKind.UPDATE, OperationKind.REMOVE):
        change = case.simulation.witness.changes.get(event.written.token or "")
        entity = case.simulation.system(event.side).entity(event.written.entity)
        if change is not None and change.run_id and not entity.capabilities.conditional:
            landed[change.run_id, event.side] += 1
    for (run, side), number in landed.items():
        counted = Run.objects.get(pk=run).windows.get(side, {"writes": 0})["writes"]
        if counted < number:
            yield f"run {run} made {number} writes without a version in {side} and counts {counted}"


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
    # Where nobody saw an outcome, and the record spoke for it, what was asked for is believed: see `_held_it`.
    for token, change in case.simulation.witness.changes.items():
        if (change.side, change.key, change.outcome) == (row[0], row[2], "written"):
            yield case.truth.asked.get(token, {}).get(path)


def secrets_confined(case: Case) -> Iterator[str]:
    """What is sealed stands nowhere in the clear, and no log tells it."""
    yield from (f"{table} tells one" for table in told())
    yield from (f"the log of {name} tells one" for name in sorted(case.simulation.overheard.told))


Oracle = Callable[[Case], Iterator[str]]
ORACLES: tuple[Oracle, ...] = (
    convergence, bijection, no_double_create, twins_meet, scope, parents_first, no_lost_edit, no_false_conflict,
    no_missed_conflict, nothing_invented, nothing_stale, no_lossy_echo, no_ping_pong, audit_complete, truthful_bases,
    counts_add_up, windows_counted, nothing_left_open, secrets_confined, nothing_while_stopped, apart_stay_apart,
    answers_are_kept,
)  # fmt: skip
