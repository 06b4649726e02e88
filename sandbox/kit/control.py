"""The control address: what tests and demos may look at and change behind the API's back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule, Submount
from werkzeug.wrappers import Request, Response

from sandbox.kit import switches
from sandbox.kit.failures import Failure, Failures
from sandbox.kit.ground import Ground
from sandbox.kit.ledgers import Calls
from sandbox.kit.system import Impossible, System

PREFIX = "/_control"
SOMEBODY = "Kari Nordmann"
"""Who edits when the order names nobody."""

FAILURE: dict[str, tuple[type, ...]] = {
    "method": (str, type(None)),
    "path_prefix": (str,),
    "status": (int, type(None)),
    "times": (int,),
    "when": (str,),
    "drop": (bool,),
    "body": (object,),
    "headers": (dict,),
}
"""What an ordered failure may say."""

ROUTES = Map(
    [
        Submount(
            PREFIX,
            [
                Rule("/health", methods=["GET"], endpoint="health"),
                Rule("/state", methods=["GET"], endpoint="state"),
                Rule("/state/<entity>", methods=["GET"], endpoint="entity_state"),
                Rule("/calls", methods=["GET"], endpoint="calls"),
                Rule("/calls", methods=["DELETE"], endpoint="clear_calls"),
                Rule("/writes", methods=["GET"], endpoint="writes"),
                Rule("/writes", methods=["DELETE"], endpoint="clear_writes"),
                Rule("/edit", methods=["POST"], endpoint="edit"),
                Rule("/create", methods=["POST"], endpoint="create"),
                Rule("/remove", methods=["POST"], endpoint="remove"),
                Rule("/act/<act>", methods=["POST"], endpoint="act"),
                Rule("/switches", methods=["GET"], endpoint="switches"),
                Rule("/switches", methods=["PATCH"], endpoint="turn"),
                Rule("/fail", methods=["GET"], endpoint="failures"),
                Rule("/fail", methods=["POST"], endpoint="fail"),
                Rule("/fail", methods=["DELETE"], endpoint="clear_failures"),
                Rule("/clock", methods=["GET"], endpoint="clock"),
                Rule("/clock", methods=["POST"], endpoint="shift"),
                Rule("/reset", methods=["POST"], endpoint="reset"),
            ],
        )
    ]
)

Answer = dict[str, Any] | list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Order:
    """A control request: its query, the fields of its JSON body, and what its path names."""

    query: dict[str, str]
    fields: dict[str, Any]
    entity: str = ""
    act: str = ""

    def text(self, name: str, default: str | None = None) -> str:
        """A field that is a text, or a number for a key; Impossible when it is missing."""
        value = self.fields.get(name, default)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise Impossible(f"The order needs {name}.")
        return str(value)

    @property
    def since(self) -> int:
        """The index a list of writes begins at."""
        text = self.query.get("since", "0")
        if not text.isdecimal():
            raise Impossible(f"since is an index, not {text}.")
        return int(text)

    def values(self) -> dict[str, Any]:
        values = self.fields.get("values")
        if not isinstance(values, dict):
            raise Impossible("The order needs values, an object of field names and values.")
        return values


class Control:
    """Answers `/_control/…`; nothing here counts as a call."""

    def __init__(self, system: System, ground: Ground, *, calls: Calls, failures: Failures) -> None:
        self._system = system
        self._ground = ground
        self._calls = calls
        self._failures = failures
        self._first_switches = switches.shown(system.switches)
        self._deeds = self._reading() | self._changing()

    def respond(self, request: Request) -> Response:
        """One control request; what cannot be done answers a sentence under `error`."""
        try:
            endpoint, parts = ROUTES.bind_to_environ(request.environ).match()
            order = Order(query=request.args.to_dict(), fields=_fields(request), **parts)
            with self._system.lock:
                return _json(self._deeds[endpoint](order))
        except Impossible as error:
            return _json({"error": str(error)}, 400)
        except HTTPException as error:
            return _json({"error": error.description or "There is no such address."}, error.code or 400)

    def _reading(self) -> dict[str, Callable[[Order], Answer]]:
        return {
            "health": lambda _: {"ok": True, "entities": list(self._system.entities)},
            "state": lambda _: {entity: self._system.state(entity) for entity in self._system.entities},
            "entity_state": lambda order: self._system.state(self._known(order.entity)),
            "calls": lambda _: self._calls.shown(),
            "writes": lambda order: self._ground.writes.shown(order.since),
            "switches": lambda _: switches.shown(self._system.switches),
            "failures": lambda _: self._failures.shown(),
            "clock": lambda _: self._time(),
        }

    def _changing(self) -> dict[str, Callable[[Order], Answer]]:
        return {
            "edit": self._edit,
            "create": self._create,
            "remove": self._remove,
            "act": self._act,
            "turn": self._turn,
            "fail": self._fail,
            "shift": self._shift,
            "reset": self._reset,
            "clear_calls": lambda _: _done(self._calls.clear),
            "clear_writes": lambda _: _done(self._ground.writes.clear),
            "clear_failures": lambda _: _done(self._failures.clear),
        }

    def _edit(self, order: Order) -> Answer:
        entity = self._known(order.text("entity"))
        self._system.edit(entity, order.text("key"), order.values(), by=order.text("by", SOMEBODY))
        return {"ok": True}

    def _create(self, order: Order) -> Answer:
        entity = self._known(order.text("entity"))
        return {"key": self._system.create(entity, order.values(), by=order.text("by", SOMEBODY))}

    def _remove(self, order: Order) -> Answer:
        entity = self._known(order.text("entity"))
        self._system.remove(entity, order.text("key"), by=order.text("by", SOMEBODY))
        return {"ok": True}

    def _act(self, order: Order) -> Answer:
        if order.act not in self._system.acts:
            raise Impossible(f"There is no act {order.act}; there are {', '.join(self._system.acts)}.")
        return self._system.acts[order.act](order.fields)

    def _turn(self, order: Order) -> Answer:
        positions = dict(order.fields)
        coming = positions.pop("fail_next", None)
        switches.turn(self._system.switches, positions)
        if coming is not None:
            self._failures.order(_next_failure(coming))
        return switches.shown(self._system.switches)

    def _fail(self, order: Order) -> Answer:
        for name, value in order.fields.items():
            if name not in FAILURE:
                raise Impossible(f"A failure has no {name}; it has {', '.join(FAILURE)}.")
            if not isinstance(value, FAILURE[name]):
                raise Impossible(f"{name} of a failure cannot be {value!r}.")
        failure = Failure(**order.fields)
        if failure.when not in ("before", "after"):
            raise Impossible("A failure comes before or after the call took effect.")
        self._failures.order(failure)
        return {"ok": True}

    def _shift(self, order: Order) -> Answer:
        seconds = order.fields.get("shift_seconds")
        if not isinstance(seconds, int | float):
            raise Impossible("The order needs shift_seconds, a number.")
        self._ground.clock.shift = timedelta(seconds=seconds)
        return self._time()

    def _reset(self, _: Order) -> Answer:
        self._calls.clear()
        self._failures.clear()
        self._ground.writes.clear()
        self._ground.clock.shift = timedelta()
        switches.turn(self._system.switches, self._first_switches)
        self._system.reset()
        return {"ok": True}

    def _time(self) -> dict[str, Any]:
        clock = self._ground.clock
        return {"now": clock().isoformat(), "shift_seconds": clock.shift.total_seconds()}

    def _known(self, entity: str) -> str:
        if entity not in self._system.entities:
            raise Impossible(f"There is no {entity}; there are {', '.join(self._system.entities)}.")
        return entity


def _fields(request: Request) -> dict[str, Any]:
    text = request.get_data()
    try:
        body = json.loads(text) if text else {}
    except ValueError as error:
        raise Impossible("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Impossible("The body is not a JSON object.")
    return body


def _next_failure(coming: Any) -> Failure:
    """The short spelling of a failure: any call, before it takes effect."""
    if not isinstance(coming, dict):
        raise Impossible('fail_next is an object such as {"status": 503, "count": 1}.')
    status, count = coming.get("status", 503), coming.get("count", 1)
    if not isinstance(status, int) or not isinstance(count, int):
        raise Impossible("status and count of fail_next are numbers.")
    return Failure(status=status, times=count)


def _done(deed: Callable[[], None]) -> Answer:
    deed()
    return {"ok": True}


def _json(body: Answer, status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status=status, content_type="application/json; charset=utf-8")
