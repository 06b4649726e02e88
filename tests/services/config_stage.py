"""A configuration file between two systems in memory, and what its tests do with it."""

from __future__ import annotations

import pytest

from sync.connectors.base import Capabilities
from sync.connectors.memory_rows import MemoryEntity
from sync.connectors.memory_system import MemorySystem
from sync.core.records import Property
from sync.services.config.load import BadConfiguration, load

SYSTEMS = """\
systems:
  erp: {kind: memory, address: "memory://erp", calls_per_minute: 110, credentials: {key: {env: ERP_KEY}}}
  crm: {kind: memory, address: "memory://${CRM:-crm}"}
"""
CUSTOMERS = """\
pairs:
  customers:
    erp: erp.customers
    crm: crm.orgs
    label: {erp: name, crm: OrgName}
    create: [crm]
    guard: {removals: 5}
    inactive: {crm: {OrgStatus: Inactive}}
    scope:
      erp:
        - {path: type, operator: in, values: [company]}
    mappings:
      - {erp: id, crm: OrgRef, type: string, direction: to_crm, transforms: text, policy: erp}
      - {erp: name, crm: OrgName, type: string, direction: both, transforms: trim | cut(40), policy: newest}
      - {erp: city, crm: OrgCity, type: string, direction: both, policy: newest, active: false}
    match:
      - {by: id, reference: true}
      - {by: name, propose: true}
"""
CONTACTS = """\
  contacts:
    erp: erp.contacts
    crm: crm.persons
    parent: {pair: customers, erp: customer.id, crm: PersonOrgId}
    mappings:
      - {erp: last, crm: PersonLast, type: string, direction: both, policy: newest}
"""
WHOLE = SYSTEMS + CUSTOMERS + CONTACTS
ENVIRONMENT = {"ERP_KEY": "a very secret key"}


def system(name: str, *entities: str) -> MemorySystem:
    room = MemoryEntity(properties=(Property(path="id"),), capabilities=Capabilities())
    return MemorySystem(name, dict.fromkeys(entities, room))


def take(text: str, **variables: str) -> list[str]:
    return load(text, file="hub.yaml", variables={**ENVIRONMENT, **variables}, by="kari")


def refusal(text: str, **variables: str) -> list[str]:
    with pytest.raises(BadConfiguration) as caught:
        take(text, **variables)
    return caught.value.problems


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def line_of(text: str, word: str) -> int:
    return next(at for at, line in enumerate(text.splitlines(), start=1) if word in line)
