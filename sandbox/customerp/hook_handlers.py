"""The addresses under /webhooks."""

from __future__ import annotations

from sandbox.customerp.calls import Call
from sandbox.customerp.handlers import Handler
from sandbox.customerp.problems import Problem
from sandbox.customerp.replies import Reply
from sandbox.customerp.subscriptions import Subscription
from sandbox.customerp.switches import Switches
from sandbox.customerp.webhooks import Webhooks
from sandbox.customerp.writes import demand_object


class HookHandlers:
    """Subscriptions, each client its own. They post to other machines: never call them under a lock."""

    def __init__(self, webhooks: Webhooks, switches: Switches) -> None:
        self._webhooks = webhooks
        self._switches = switches

    def table(self) -> dict[str, Handler]:
        """Endpoint name to handler."""
        return {
            "hook_list": self.list,
            "hook_create": self.create,
            "hook_read": self.read,
            "hook_change": self.change,
            "hook_delete": self.delete,
            "hook_ping": self.ping,
        }

    def list(self, call: Call) -> Reply:
        self._demand_on()
        return Reply(body={"data": self._webhooks.listed(call.client.id)})

    def create(self, call: Call) -> Reply:
        self._demand_on()
        made = self._webhooks.subscribe(demand_object(call.body()), call.client.id)
        return Reply(status=201, body=made.shown(), headers={"Location": f"/api/v1/webhooks/{made.id}"})

    def read(self, call: Call) -> Reply:
        return Reply(body=self._own(call).shown())

    def change(self, call: Call) -> Reply:
        return Reply(body=self._webhooks.change(self._own(call), demand_object(call.body())).shown())

    def delete(self, call: Call) -> Reply:
        self._webhooks.unsubscribe(self._own(call))
        return Reply(status=204)

    def ping(self, call: Call) -> Reply:
        return Reply(body=self._webhooks.ping(self._own(call)).shown())

    def _own(self, call: Call) -> Subscription:
        self._demand_on()
        return self._webhooks.get(call.key, call.client.id)

    def _demand_on(self) -> None:
        if not self._switches.webhooks:
            raise Problem(404, "There is no such address.")
