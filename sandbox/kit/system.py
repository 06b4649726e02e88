"""What the kit asks of a pretend system."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

Row = dict[str, Any]


class Impossible(Exception):
    """What the control address was asked for cannot be done; the message is a sentence."""


class SwitchPanel(Protocol):
    """A dataclass of plain values; every system has this switch at least."""

    latency_ms: int


class System(Protocol):
    """A pretend system: its API, and its records as the control address sees them."""

    @property
    def entities(self) -> Sequence[str]:
        """What its entities are called."""

    @property
    def acts(self) -> Mapping[str, Callable[[Row], Row]]:
        """What else the control address may do, by name: `POST /_control/act/<name>` with a JSON object."""

    @property
    def lock(self) -> RLock:
        """Held by the kit around everything the control address does."""

    @property
    def switches(self) -> SwitchPanel:
        """Changed in place by the control address."""

    def respond(self, request: Request) -> Response:
        """One API call, refusals included."""

    def template(self, path: str) -> str:
        """The path of a call with its ids struck out: `/Organisations/{id}`."""

    def state(self, entity: str) -> list[Row]:
        """Every record of the entity in full."""

    def edit(self, entity: str, key: str, values: Mapping[str, Any], *, by: str) -> None:
        """Changes a record as this person would: stamped, hooks told. Impossible for an unknown record."""

    def create(self, entity: str, values: Mapping[str, Any], *, by: str) -> str | int:
        """Makes a record as this person would, and returns its key."""

    def remove(self, entity: str, key: str, *, by: str) -> None:
        """Removes a record as this person would."""

    def reset(self) -> None:
        """Back to the records it began with."""

    def tick(self) -> None:
        """Does the background work that is due, such as posting hooks; called several times a second."""
