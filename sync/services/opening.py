"""Systems held to their connectors before any call is made: what is wrong is said where it was typed."""

from __future__ import annotations

from collections import Counter

from django.conf import settings

from sync.connectors.base import Connector, Misconfigured
from sync.connectors.http.address import parse_address
from sync.engine.ports import Ports
from sync.engine.slice import connect
from sync.models.systems import System
from sync.services.config.places import unknown


def opened(system: System) -> Connector:
    """The system's connector, made without a call. Raises `Misconfigured`."""
    return connect(system, ports=Ports(), patience=0, hosts=tuple(settings.HUB_ALLOW_HOSTS), calls=Counter())


def misfits(system: System) -> dict[str, str]:
    """What is wrong with a system's settings: a sentence by field. Before its credentials are there, of its address."""
    try:
        if system.kind != System.Kind.MEMORY:
            parse_address(system.address, settings.HUB_ALLOW_HOSTS)
    except Misconfigured as error:
        return {"address": str(error)}
    try:
        if system.credentials:
            opened(system)
    except Misconfigured as error:
        return {"config": str(error)}
    return {}


def unknown_entity(system: System, entity: str) -> str:
    """Why a system cannot have that entity, in a sentence; empty where it can, or where it cannot be opened yet."""
    try:
        known = opened(system).entities()
    except Misconfigured:
        return ""
    return "" if entity in known else unknown("entity", entity, known)
