"""The smallest pretend system, to hold the kit to its word."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.kit.ground import Ground
from sandbox.kit.ledgers import Write
from sandbox.kit.system import Impossible


@dataclass(kw_only=True)
class Switches:
    latency_ms: int = 0
    polite: bool = True
    spelling: str = "plain"
    shade: str = field(default="red", metadata={"one_of": ("red", "blue")})


class Toy:
    """Things with a name; `PUT /things/7 {"name": …}` writes, `GET /things` lists."""

    entities = ("things",)

    def __init__(self, ground: Ground) -> None:
        self.lock = RLock()
        self.switches = Switches()
        self.acts = {"shout": lambda body: {"said": body["what"].upper()}}
        self.ticks = 0
        self._ground = ground
        self._rows: dict[str, dict[str, Any]] = {
            row["id"]: row for row in ground.storage.load().get("things", [])
        }

    def respond(self, request: Request) -> Response:
        if request.path == "/limited":
            return Response(status=429)
        if request.method == "PUT":
            key = request.path.rpartition("/")[2]
            self._put(key, request.get_json())
            at = self._ground.clock().isoformat()
            values = request.get_json()
            self._ground.writes.note(
                Write(at=at, method="PUT", entity="things", key=key, values=values, by="toy")
            )
        return Response(json.dumps(self.state("things")), content_type="application/json")

    def template(self, path: str) -> str:
        return re.sub(r"/\d+", "/{id}", path)

    def state(self, entity: str) -> list[dict[str, Any]]:
        return list(self._rows.values())

    def edit(self, entity: str, key: str, values: Mapping[str, Any], *, by: str) -> None:
        if key not in self._rows:
            raise Impossible(f"There is no thing {key}.")
        self._put(key, values | {"by": by})

    def create(self, entity: str, values: Mapping[str, Any], *, by: str) -> str:
        self._put("99", dict(values) | {"by": by})
        return "99"

    def remove(self, entity: str, key: str, *, by: str) -> None:
        del self._rows[key]
        self._ground.storage.remove("things", key)

    def reset(self) -> None:
        self._rows.clear()

    def tick(self) -> None:
        self.ticks += 1

    def _put(self, key: str, values: Mapping[str, Any]) -> None:
        self._rows[key] = {"id": key, **values}
        self._ground.storage.put("things", key, self._rows[key])
