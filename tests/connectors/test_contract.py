"""What every connector promises, tried on every kind of system."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.connectors.base import Gone, Misconfigured, Operation, Refused, Stale
from sync.core.records import Record
from tests.connectors.operations import create, remove, update
from tests.connectors.stages import ErpStage, Stage, listed

AWKWARD = [
    "O'Brien & Sønner",
    "Ærø \u2603 \U0001f600",
    'a "quoted" \\ name',
    "Størl; -- x",
    "two\r\nlines",
    " blanks  ",
]


def write(stage: Stage, *operations: Operation):
    return stage.connector.write(stage.entity, operations)


def read(stage: Stage, key: str) -> Record:
    return stage.connector.read(stage.entity, [key])[key]


def test_a_complete_listing_shows_every_record_once(stage: Stage):
    assert sorted(record.key for record in listed(stage)) == sorted(stage.keys())


def test_a_listing_shows_only_the_properties_wanted(stage: Stage):
    records = listed(stage, paths=(stage.name,))
    assert {path for record in records for path in record.values} == {stage.name}


def test_a_listing_since_shows_what_changed_at_or_after(stage: Stage):
    stamps = sorted(record.updated_at for record in listed(stage))
    shown = listed(stage, since=stamps[4])
    assert sorted(record.updated_at for record in shown) == stamps[4:]


def test_a_listing_since_shows_an_edit_just_made(stage: Stage):
    key = stage.keys()[2]
    latest = max(record.updated_at for record in listed(stage))
    stage.edit(key, **{stage.name: "Moved AS"})
    shown = {record.key: record for record in listed(stage, since=latest, paths=(stage.name,))}
    assert shown[key].values == {stage.name: "Moved AS"}


def test_stamps_carry_their_zone(stage: Stage):
    assert all(record.updated_at.utcoffset() is not None for record in listed(stage))


def test_reading_gives_what_is_there_and_leaves_out_what_is_not(stage: Stage):
    first, second = stage.keys()[:2]
    found = stage.connector.read(stage.entity, [first, stage.missing, second], paths=(stage.name,))
    assert {key: dict(record.values) for key, record in found.items()} == {
        key: {stage.name: stage.values(key)[stage.name]} for key in (first, second)
    }


def test_reading_nothing_asks_nothing(stage: Stage):
    assert stage.connector.read(stage.entity, []) == {}
    assert stage.gate.calls == []


def test_finding_gives_the_records_that_hold_a_value(stage: Stage):
    key = stage.keys()[3]
    stage.edit(key, **{stage.name: "O'Brien & Co"})
    found = stage.connector.find(stage.entity, stage.name, ["O'Brien & Co", "Nobody"], paths=(stage.name,))
    assert [(record.key, record.values[stage.name]) for record in found] == [(key, "O'Brien & Co")]


def test_an_update_changes_what_it_names_and_nothing_else(stage: Stage):
    key = stage.keys()[0]
    before = stage.values(key)[stage.name]
    (result,) = write(stage, update(key, read(stage, key).version, **{stage.note: "noted"}))
    assert (result.error, result.key) == (None, key)
    assert (stage.values(key)[stage.note], stage.values(key)[stage.name]) == ("noted", before)


def test_an_update_can_clear(stage: Stage):
    key = stage.keys()[0]
    stage.edit(key, **{stage.note: "to be cleared"})
    write(stage, update(key, read(stage, key).version, **{stage.note: None}))
    assert not read(stage, key).values[stage.note]


@pytest.mark.parametrize("text", AWKWARD)
def test_text_comes_back_as_it_was_written(stage: Stage, text: str):
    key = stage.keys()[0]
    (result,) = write(stage, update(key, read(stage, key).version, **{stage.note: text}))
    assert result.error is None
    assert read(stage, key).values[stage.note] == text


def test_a_create_answers_with_the_new_key(stage: Stage):
    before = set(stage.keys())
    (result,) = write(stage, create(**{stage.name: "New AS", stage.note: None}))
    assert (result.error, {result.key}) == (None, set(stage.keys()) - before)
    assert read(stage, result.key).values[stage.name] == "New AS"


def test_each_operation_has_its_own_result_in_order(stage: Stage):
    first, second = (read(stage, key) for key in stage.keys()[:2])
    results = write(
        stage,
        update(first.key, first.version, **{stage.note: "one"}),
        update(second.key, second.version, **{stage.name: "x" * stage.too_long}),
        create("t-9", **{stage.name: "Third AS"}),
        update(stage.missing, first.version, **{stage.note: "two"}),
    )
    assert [type(result.error) for result in results] == [type(None), Refused, type(None), Gone]
    assert stage.values(first.key)[stage.note] == "one"
    assert stage.values(results[2].key)[stage.name] == "Third AS"


def test_a_refusal_names_the_property(stage: Stage):
    record = read(stage, stage.keys()[0])
    (result,) = write(stage, update(record.key, record.version, **{stage.name: "x" * stage.too_long}))
    assert list(result.error.fields) == [stage.name]


def test_a_stale_version_is_refused_where_versions_are_sent(stage: Stage):
    record = read(stage, stage.keys()[0])
    if not stage.connector.capabilities(stage.entity).conditional:
        assert record.version is None
        return
    stage.edit(record.key, **{stage.name: "Meanwhile AS"})
    (alone,) = write(stage, update(record.key, record.version, **{stage.name: "Mine AS"}))
    many = write(stage, *[update(record.key, record.version, **{stage.name: "Mine AS"})] * 2)
    assert [type(result.error) for result in (alone, *many)] == [Stale, Stale, Stale]
    assert alone.error.record.values[stage.name] == "Meanwhile AS"
    assert many[0].error.record.values[stage.name] == "Meanwhile AS"
    assert stage.values(record.key)[stage.name] == "Meanwhile AS"


def test_a_version_that_was_acknowledged_can_be_written_on(stage: Stage):
    record = read(stage, stage.keys()[0])
    for text in ("one", "two"):
        (result,) = write(stage, update(record.key, record.version, **{stage.note: text}))
        assert result.error is None
        record = read(stage, record.key)
        assert result.version in (None, record.version)


@pytest.mark.parametrize("others", [0, 1], ids=["alone", "in a batch"])
def test_a_create_repeated_with_its_token_makes_nothing_twice(stage: Stage, others: int):
    if not stage.connector.capabilities(stage.entity).idempotent:
        return
    operations = [create(f"same-{n}", **{stage.name: f"Once {n} AS"}) for n in range(others + 1)]
    first, again = write(stage, *operations), write(stage, *operations)
    assert [result.key for result in first] == [result.key for result in again]
    assert len(set(stage.keys())) == 7 + others + 1


def test_removal_is_possible_or_refused(stage: Stage):
    record = read(stage, stage.keys()[0])
    (result,) = write(stage, remove(record.key, record.version))
    if stage.connector.capabilities(stage.entity).removes:
        assert result.error is None
        assert stage.values(record.key) is None
    else:
        assert isinstance(result.error, Refused)
        assert stage.values(record.key) is not None


def test_a_removed_record_is_in_the_feed_where_there_is_one(stage: Stage):
    key = stage.keys()[0]
    since = read(stage, key).updated_at
    if not stage.connector.capabilities(stage.entity).removed_feed:
        with pytest.raises(Misconfigured):
            stage.connector.removed(stage.entity, since=since)
        return
    stage.remove(key)
    recently = max(since, datetime.now(UTC) - timedelta(days=1)) if isinstance(stage, ErpStage) else since
    page = stage.connector.removed(stage.entity, since=recently)
    assert ([entry.key for entry in page.entries], page.next) == ([key], None)
    assert stage.connector.read(stage.entity, [key]) == {}


def test_the_hubs_own_writes_are_told_from_a_persons(stage: Stage):
    first, second = stage.keys()[:2]
    write(stage, update(first, read(stage, first).version, **{stage.note: "hub"}))
    stage.edit(second, **{stage.note: "person"})
    assert stage.connector.capabilities(stage.entity).names_editor
    assert (read(stage, first).by_hub, read(stage, second).by_hub) == (True, False)


def test_properties_are_described(stage: Stage):
    known = {known.path: known for known in stage.connector.fields(stage.entity)}
    assert known[stage.name].max_length == stage.too_long - 1
    assert not known[stage.note].read_only


def test_an_identity_stays_the_same(stage: Stage):
    first, second = stage.connector.identity(), stage.connector.identity()
    assert first.key
    assert first == second


@pytest.mark.parametrize("verb", ["list", "fields", "capabilities"])
def test_an_unknown_entity_is_a_sentence(stage: Stage, verb: str):
    with pytest.raises(Misconfigured, match="choose one of"):
        getattr(stage.connector, verb)("nobodies")


def test_bulk_writes_take_as_few_calls_as_declared(stage: Stage):
    size = stage.connector.capabilities(stage.entity).bulk_write
    stage.gate.calls.clear()
    operations = [create(f"t-{n}", **{stage.name: f"Many {n} AS"}) for n in range(size * 2)]
    results = write(stage, *operations)
    assert [result.error for result in results] == [None] * len(operations)
    assert len([call for call in stage.gate.calls if "uth" not in call]) == 2


def test_bulk_reads_take_as_few_calls_as_declared(stage: Stage):
    size = stage.connector.capabilities(stage.entity).bulk_read
    made = write(stage, *[create(f"t-{n}", **{stage.name: f"Many {n} AS"}) for n in range(size)])
    stage.gate.calls.clear()
    found = stage.connector.read(stage.entity, [result.key for result in made], paths=(stage.name,))
    assert (len(found), len(stage.gate.calls)) == (size, 1)
