"""Asking a system who it is and what it looks like: *test connection*, and reading its properties."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

from django.db.models import Q

from sync.connectors.base import Connector, ConnectorError
from sync.core.vocabulary import Side
from sync.engine.runner import Means
from sync.engine.slice import connect
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
    read = [entity for entity in _entities(system) if _keep_schema(system, connector, entity, means)]
    return f"Connected to {identity.name or identity.key}. Properties read of: {', '.join(read) or 'nothing yet'}."


def _entities(system: System) -> list[str]:
    pairs = EntityPair.objects.filter(Q(erp_system=system) | Q(crm_system=system))
    return sorted({pair.entity(side) for pair in pairs for side in Side if pair.system(side) == system})


def _keep_schema(system: System, connector: Connector, entity: str, means: Means) -> bool:
    properties = [asdict(each) for each in connector.fields(entity)]
    EntitySchema.objects.update_or_create(
        system=system,
        entity=entity,
        defaults={"properties": properties, "read_at": means.ports.now()},
    )
    return True


def read_missing_schemas(pair: EntityPair, means: Means) -> None:
    """What a pair's mappings are checked and coerced by, read where nobody has asked for it yet."""
    for side in Side:
        system, entity = pair.system(side), pair.entity(side)
        if not EntitySchema.objects.filter(system=system, entity=entity).exists():
            _keep_schema(system, open_system(system, means), entity, means)


def open_system(system: System, means: Means) -> Connector:
    """A connector outside any run: the calls still count against the system's budget."""
    return connect(system, ports=means.ports, patience=means.patience, hosts=means.hosts, calls=Counter())
