"""Whether both systems hold what the hub says they hold, told by the systems themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import requests
from django.db.models import Q

from sync.models.links import Link, LinkQuerySet, LinkState
from sync.models.pairs import EntityPair

SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Census:
    """One pair, counted in the systems and in the hub."""

    pair: str
    erp_records: int
    referenced: int
    """ERP records that webCRM's records refer to."""
    linked: int
    explained: int
    """ERP records without a counterpart for a reason the hub gives."""
    problems: list[str]

    def __str__(self) -> str:
        return (
            f"{self.pair}: {self.erp_records:,} in the ERP, {self.referenced:,} of them found in webCRM, "
            f"{self.linked:,} linked, {self.explained:,} left out or waiting for a person"
        )


def ask(url: str, entity: str) -> list[dict[str, Any]]:
    """Every record a pretend system holds, by its control address."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{url}/_control/state/{entity}", timeout=SECONDS)
        answer.raise_for_status()
        rows: list[dict[str, Any]] = answer.json()
        return rows


def take_census(pair: EntityPair, *, erp_url: str, crm_url: str) -> Census:
    """Count a pair's records on both sides and compare with its links."""
    keys = {str(row["id"]) for row in ask(erp_url, pair.erp_entity)}
    reference = pair.mappings.get(erp_property="id").crm_property
    references = Counter(str(row[reference]) for row in ask(crm_url, pair.crm_entity) if row.get(reference))
    found = {key: count for key, count in references.items() if key in keys}
    linked = _keys(Link.objects.linked().filter(pair=pair))
    explained = _explained(pair)
    return Census(
        pair=pair.name,
        erp_records=len(keys),
        referenced=len(found),
        linked=len(linked),
        explained=len(explained - linked),
        problems=[
            *_said("more than one counterpart", {key for key, count in found.items() if count > 1}),
            *_said("a counterpart that the hub does not know", set(found) - linked),
            *_said("a link, but no counterpart in webCRM", linked - set(found)),
            *_said("neither a counterpart nor a reason for it", keys - linked - explained),
        ],
    )


def _explained(pair: EntityPair) -> set[str]:
    """ERP records that are out of scope or gone, wait for their customer, or have several candidates."""
    lonely = Link.objects.current().filter(pair=pair, erp_key__isnull=False, crm_key__isnull=True)
    return _keys(lonely.filter(~Q(state=LinkState.ACTIVE) | Q(waiting=True) | ~Q(candidates=[])))


def _keys(links: LinkQuerySet) -> set[str]:
    return {str(key) for key in links.values_list("erp_key", flat=True)}


def _said(what: str, keys: set[str]) -> list[str]:
    if not keys:
        return []
    return [f"{len(keys)} ERP records have {what}, for example {min(keys)}."]
