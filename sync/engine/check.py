"""Asking a system who it is and what it looks like: *test connection*, and reading its properties."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime

from django.db.models import Q

from sync.connectors.base import Connector, ConnectorError
from sync.core.vocabulary import Side
from sync.engine.slice import Means, Slice, connect
from sync.models.pairs import EntityPair
from sync.models.systems import EntitySchema, System


def check(system: System, means: Means) -> str:
    """Test a system's connection and keep what came of it. Returns the sentence that people see."""
    try:
        result, problem = _look(system, means), ""
    except ConnectorError as error:
        result = problem = str(error)
    System.objects.filter(pk=system.pk).update(
        checked_at=means.ports.now(), check_result=result, problem=problem
    )
    return result


def _look(system: System, means: Means) -> str:
    connector = open_system(system, means)
    identity = connector.identity()
    if system.identity_key and system.identity_key != identity.key:
        return (
            f"'{identity.name or identity.key}' answers here, but this system was introduced as "
            f"'{system.identity_name or system.identity_key}'. Nothing will be written to it."
        )
    System.objects.filter(pk=system.pk).update(identity_key=identity.key, identity_name=identity.name)
    read = _entities(system)
    for entity in read:
        _keep_schema(system, connector, entity, means.ports.now())
    return f"Connected to {identity.name or identity.key}. Properties read of: {', '.join(read) or 'nothing yet'}."


def _entities(system: System) -> list[str]:
    pairs = EntityPair.objects.filter(Q(erp_system=system) | Q(crm_system=system))
    return sorted({pair.entity(side) for pair in pairs for side in Side if pair.system(side) == system})


def _keep_schema(system: System, connector: Connector, entity: str, now: datetime) -> None:
    properties = [asdict(each) for each in connector.fields(entity)]
    EntitySchema.objects.update_or_create(
        system=system, entity=entity, defaults={"properties": properties, "read_at": now}
    )


def read_missing_schemas(work: Slice) -> bool:
    """Read what a pair's mappings are checked by, where nobody has asked for it yet. Whether anything was read."""
    missing = [side for side in Side if not _known(work, side)]
    for side in missing:
        pair = work.pair
        _keep_schema(pair.system(side), work.connectors[side], pair.entity(side), work.ports.now())
    return bool(missing)


def _known(work: Slice, side: Side) -> bool:
    return EntitySchema.objects.filter(system=work.pair.system(side), entity=work.pair.entity(side)).exists()


def open_system(system: System, means: Means) -> Connector:
    """A connector outside any run: the calls still count against the system's budget."""
    return connect(system, ports=means.ports, patience=means.patience, hosts=means.hosts, calls=Counter())
