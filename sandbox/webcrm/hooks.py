"""Hooks: who wants to be told what, and the telling: an address of the record, never the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

from sandbox.kit.ground import Ground
from sandbox.webcrm import stamps
from sandbox.webcrm.access import Application
from sandbox.webcrm.checks import member
from sandbox.webcrm.problems import Invalid, missing
from sandbox.webcrm.switches import Switches

RETRY_AFTER: Final = timedelta(seconds=10)
ADDRESS: Final = "https://api.webcrm.com"
EVENTS: Final = ("Create", "Update", "Delete")
OWNER_FILTERS: Final = {"Organisations": ("Owner", "Owner2")}
OTHER_FILTERS: Final = ("OrganisationOwner", "OrganisationOwner2")
HOOKS: Final = "Hooks"

Fields = dict[str, Any]


@dataclass(kw_only=True)
class Telling:
    """One event on its way to one hook; told a second time when the first failed."""

    url: str
    event: str
    resource: str
    due_at: datetime
    last: bool = False


class Hooks:
    """The hooks of all tokens and what is still to be told. Safe to use from several threads.

    Only hooks with the filter `All` are told: an application token owns no organisations.
    """

    def __init__(self, ground: Ground, switches: Switches) -> None:
        self._ground = ground
        self._switches = switches
        self._lock = Lock()
        self._hooks: dict[int, Fields] = {}
        self._waiting: list[Telling] = []

    def load(self, hooks: list[Fields]) -> None:
        """Takes the place of everything: stored hooks as they were kept."""
        with self._lock:
            self._hooks = {hook["Id"]: hook for hook in hooks}
            self._waiting = []

    def listed(self, entity: str, application: Application) -> list[Fields]:
        """The token's own hooks on this entity."""
        with self._lock:
            hooks = [hook for hook in self._hooks.values() if _is_own(hook, entity, application)]
        return [self._shown(hook) for hook in hooks]

    def read(self, entity: str, key: int, application: Application) -> Fields:
        return self._shown(self._own(entity, key, application))

    def create(self, entity: str, body: Mapping[str, Any], application: Application) -> int:
        """Adds a hook and returns its id."""
        sent = _checked(entity, body)
        now = stamps.kept(self._ground.clock())
        with self._lock:
            key = max(self._hooks, default=0) + 1
            head = {"Id": key, "Entity": entity, "Token": application.name, "CreatedAt": now}
            stamped = {"CreatedBy": application.author, "UpdatedAt": now, "UpdatedBy": application.author}
            self._keep(head | stamped | sent)
        return key

    def change(self, entity: str, key: int, body: Mapping[str, Any], application: Application) -> None:
        old = self._own(entity, key, application)
        stamp = {"UpdatedAt": stamps.kept(self._ground.clock()), "UpdatedBy": application.author}
        with self._lock:
            self._keep(old | _checked(entity, body) | stamp)

    def remove(self, entity: str, key: int, application: Application) -> None:
        self._own(entity, key, application)
        with self._lock:
            del self._hooks[key]
            self._ground.storage.remove(HOOKS, key)

    def tell(self, entity: str, event: str, key: int) -> None:
        """Lines the event up for every hook that wants it."""
        now = self._ground.clock()
        resource = f"{ADDRESS}/{entity}/{key}"
        with self._lock:
            for hook in self._hooks.values():
                if _wants(hook, entity, event):
                    telling = Telling(url=hook["TargetUrl"], event=event, resource=resource, due_at=now)
                    self._waiting.append(telling)

    def post_due(self) -> None:
        """Tells what is due; a failure is tried once more ten seconds later."""
        now = self._ground.clock()
        with self._lock:
            due = [telling for telling in self._waiting if telling.due_at <= now]
            self._waiting = [telling for telling in self._waiting if telling.due_at > now]
        for telling in due:
            kind, body = self._payload(telling)
            status, _ = self._ground.post(telling.url, body, {"Content-Type": kind})
            if not 200 <= status < 300 and not telling.last:
                telling.due_at, telling.last = now + RETRY_AFTER, True
                with self._lock:
                    self._waiting.append(telling)

    def _payload(self, telling: Telling) -> tuple[str, bytes]:
        """What webCRM really posts is documented nowhere: three guesses."""
        if self._switches.hook_payload == "bare_string":
            return "application/json", json.dumps(telling.resource).encode()
        if self._switches.hook_payload == "form":
            form = f"EventType={telling.event}&ResourceUrl={quote_plus(telling.resource, safe=':/')}"
            return "application/x-www-form-urlencoded", form.encode()
        body = {"EventType": telling.event, "ResourceUrl": telling.resource}
        return "application/json", json.dumps(body, separators=(",", ":")).encode()

    def _own(self, entity: str, key: int, application: Application) -> Fields:
        hook = self._hooks.get(key)
        if hook is None or not _is_own(hook, entity, application):
            raise missing("Hook", key)
        return hook

    def _keep(self, hook: Fields) -> None:
        self._hooks[hook["Id"]] = hook
        self._ground.storage.put(HOOKS, hook["Id"], hook)

    def _shown(self, hook: Fields) -> Fields:
        zone = self._switches.timezone
        seen = {name: value for name, value in hook.items() if name not in ("Entity", "Token")}
        return seen | {name: stamps.shown(hook[name], zone) for name in ("CreatedAt", "UpdatedAt")}


def _wants(hook: Fields, entity: str, event: str) -> bool:
    awaited = (hook["Entity"], hook["EventType"]) == (entity, event)
    return bool(awaited and hook["IsEnabled"] and "All" in hook["Filter"])


def _is_own(hook: Fields, entity: str, application: Application) -> bool:
    return bool(hook["Entity"] == entity and hook["Token"] == application.name)


def _checked(entity: str, body: Mapping[str, Any]) -> Fields:
    """The fields a caller may set; Invalid with every fault."""
    sent = {name: member(body, name) for name in ("EventType", "Filter", "IsEnabled", "TargetUrl")}
    filters = ("All", *OWNER_FILTERS.get(entity, OTHER_FILTERS))
    good = {
        "EventType": sent["EventType"] in EVENTS,
        "Filter": isinstance(sent["Filter"], list) and all(each in filters for each in sent["Filter"]),
        "IsEnabled": isinstance(sent["IsEnabled"], bool),
        "TargetUrl": _is_address(sent["TargetUrl"]),
    }
    faults = {name: [f"The field {name} is not valid."] for name, fits in good.items() if not fits}
    if faults:
        raise Invalid(faults)
    return sent


def _is_address(value: Any) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
