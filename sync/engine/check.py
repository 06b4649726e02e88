"""Asking a system who it is and what it looks like: *test connection*, and reading its properties."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from sync.connectors.base import Connector, ConnectorError, Gone, Misconfigured, Nonsense, Refused
from sync.core.vocabulary import Outcome, Side
from sync.engine.slice import LEASE, Means, Slice, changed, connect
from sync.models.links import Link, LinkState
from sync.models.pairs import EntityPair
from sync.models.systems import EntitySchema, System

logger = logging.getLogger(__name__)

Description = dict[str, Any]
"""One property as its system described it."""


TRIES = 3
"""So often a test is begun whose worker never says what became of it."""
DEFECT = "A defect of the hub ended this test; its log has the details. Please report it."
GIVEN_UP = (
    f"This test was begun {TRIES} times and never came to an end, without a word of its own. "
    "The worker's log may say why. Test again once that is mended."
)


def check(system: System, means: Means) -> str:
    """Test a system's connection and keep what came of it. Returns the sentence that people see."""
    try:
        result, problem = (_look(system, means), "") if _begin(system, means) else (GIVEN_UP, GIVEN_UP)
    except ConnectorError as error:
        result = problem = str(error)
    except Exception:
        logger.exception("check errored", extra={"system": system.name})
        result = problem = DEFECT
    System.objects.filter(pk=system.pk).update(
        checked_at=means.ports.now(), check_result=result, problem=problem, check_attempts=0
    )
    return result


def _begin(system: System, means: Means) -> bool:
    """Written down before anything is tried: a test that ends its worker must not be begun for ever."""
    this = System.objects.filter(pk=system.pk)
    this.update(check_begun_at=means.ports.now(), check_attempts=F("check_attempts") + 1)
    return this.filter(check_attempts__lte=TRIES).exists()


def asked_for(now: datetime) -> list[int]:
    """Systems whose test was asked for and has no result, and that nobody tests at the moment."""
    idle = (
        Q(check_begun_at__isnull=True) | Q(check_begun_at__lt=now - LEASE) | Q(check_begun_at__gt=now + LEASE)
    )
    open_here = System.objects.filter(idle, checked_at__isnull=True).exclude(check_result="")
    return list(open_here.values_list("pk", flat=True))


def _look(system: System, means: Means) -> str:
    connector = open_system(system, means)
    identity = connector.identity(fresh=True)
    if system.identity_key and system.identity_key != identity.key:
        raise changed(system, identity)
    System.objects.filter(pk=system.pk).update(identity_key=identity.key, identity_name=identity.name)
    read = _entities(system)
    for entity in read:
        _keep_schema(system, entity, _described(connector, entity), means.ports.now())
    system.refresh_from_db(fields=["clock_ahead"])
    return (
        f"Connected to {identity.name or identity.key}. Properties read of: {', '.join(read) or 'nothing yet'}. "
        f"Its clock is {system.clock}."
    )


def _entities(system: System) -> list[str]:
    pairs = EntityPair.objects.filter(Q(erp_system=system) | Q(crm_system=system))
    return sorted({pair.entity(side) for pair in pairs for side in Side if pair.system(side) == system})


def _keep_schema(system: System, entity: str, properties: Sequence[Description], now: datetime) -> bool:
    """Whether it says something new. Then what failed by what it said before is tried again."""
    known = EntitySchema.objects.filter(system=system, entity=entity).first()
    is_new = known is None or known.properties != properties
    EntitySchema.objects.update_or_create(
        system=system, entity=entity, defaults={"properties": properties, "read_at": now}
    )
    if known and is_new:
        _try_again(system, entity, now)
    return is_new


def _try_again(system: System, entity: str, now: datetime) -> None:
    """A choice that is offered by now, a longer text that fits by now: refusals are forgotten."""
    erp, crm = (
        Q(pair__erp_system=system, pair__erp_entity=entity),
        Q(pair__crm_system=system, pair__crm_entity=entity),
    )
    stuck = Link.objects.filter(
        erp | crm, state=LinkState.ACTIVE, settled_as__in=[Outcome.FAILED, Outcome.WAITING]
    )
    stuck.filter(due_at=None, waiting=False).update(
        due_at=now, refused={}, reason=f"{system} describes its {entity} anew"[:100]
    )


def _described(connector: Connector, entity: str) -> list[Description]:
    """As JSON keeps it."""
    found: list[Description] = json.loads(json.dumps([asdict(each) for each in connector.fields(entity)]))
    return found


def read_schemas(work: Slice) -> bool:
    """Read what a pair's mappings are checked by: where nobody has asked yet, and with every full read.

    Whether anything is new.
    """
    news = [_read_anew(work, side) for side in Side]
    return any(news)


def _read_anew(work: Slice, side: Side) -> bool:
    system, entity, now = work.pair.system(side), work.pair.entity(side), work.ports.now()
    known = EntitySchema.objects.filter(system=system, entity=entity).first()
    if known is None:
        return _keep_schema(system, entity, _described(work.connectors[side], entity), now)
    if not (work.run.full and work.run.started_at and known.read_at < work.run.started_at):
        return False
    try:
        told = {each["path"]: each for each in _described(work.connectors[side], entity)}
    except (Refused, Gone, Misconfigured, Nonsense) as error:
        logger.warning("properties not read anew", extra={"pair": work.pair.name, "why": str(error)})
        return False
    # What is not told any more may only be missing from the records it was told by: a test of the connection decides.
    kept = [told.pop(each["path"], each) for each in known.properties]
    return _keep_schema(system, entity, [*kept, *told.values()], now)


def open_system(system: System, means: Means) -> Connector:
    """A connector outside any run: the calls still count against the system's budget."""
    return connect(system, ports=means.ports, patience=means.patience, hosts=means.hosts, calls=Counter())
