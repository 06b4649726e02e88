"""Telling subscribers what happened: thin, signed, at least once, again after failures."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

from sandbox.customerp.problems import Problem
from sandbox.customerp.stamps import Clock, written
from sandbox.customerp.store import Event
from sandbox.customerp.subscriptions import ACTIVE, DISABLED, FIELDS, PENDING, Subscription, check
from sandbox.kit.ground import Post
from sandbox.kit.storage import Storage

RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200))
"""Waits between attempts; after the last one the delivery is given up."""

TOO_MANY_FAILURES = 20

HOOKS = "webhooks"
"""What the storage calls subscriptions."""


@dataclass(kw_only=True)
class Delivery:
    """One event on its way to one subscriber."""

    id: str
    subscription: Subscription
    event: str
    body: bytes
    due_at: datetime
    attempts: int = 0


class Webhooks:
    """The subscriptions and the deliveries still to be made. Safe to use from several threads."""

    def __init__(self, clock: Clock, post: Post, storage: Storage) -> None:
        self._clock = clock
        self._post = post
        self._storage = storage
        self._lock = RLock()
        self._subscriptions: dict[str, Subscription] = {}
        self._waiting: list[Delivery] = []

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Takes up the subscriptions the storage remembers."""
        self._subscriptions = {row["id"]: Subscription(**row) for row in rows}

    def clear(self) -> None:
        """Ends every subscription and forgets every delivery."""
        with self._lock:
            self._subscriptions.clear()
            self._waiting.clear()

    def listed(self, client: str) -> list[dict[str, Any]]:
        with self._lock:
            return [each.shown() for each in self._subscriptions.values() if each.client == client]

    def get(self, key: str, client: str) -> Subscription:
        """The client's own subscription; 404 for anybody else's."""
        found = self._subscriptions.get(key)
        if found is None or found.client != client:
            raise Problem(404, f"There is no {key}.")
        return found

    def subscribe(self, body: Mapping[str, Any], client: str) -> Subscription:
        """Registers the address and challenges it: `active` when it echoes, else `pending`."""
        check(body, required=frozenset(FIELDS))
        subscription = Subscription(
            id=_new_id("whk_"),
            client=client,
            url=body["url"],
            events=list(body["events"]),
            secrets=[body["secret"]],
            created_at=written(self._clock()),
        )
        with self._lock:
            self._subscriptions[subscription.id] = subscription
        return self.ping(subscription)

    def change(self, subscription: Subscription, body: Mapping[str, Any]) -> Subscription:
        """A new address has to answer the challenge again."""
        check(body, required=frozenset())
        with self._lock:
            moved = body.get("url", subscription.url) != subscription.url
            subscription.change(body)
            self._keep(subscription)
        return self.ping(subscription) if moved else subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.pop(subscription.id, None)
            self._storage.remove(HOOKS, subscription.id)
            self._waiting = [each for each in self._waiting if each.subscription is not subscription]

    def ping(self, subscription: Subscription) -> Subscription:
        """Sends a challenge; a subscriber that echoes it is (again) active."""
        challenge = secrets.token_urlsafe(24)
        body = self._body("ping", {"challenge": challenge}, written(self._clock()))
        status, answer = self._send(subscription, "ping", _new_id("dlv_"), body)
        with self._lock:
            echoed = 200 <= status < 300 and challenge.encode() in answer
            subscription.status = ACTIVE if echoed else PENDING
            subscription.failures = 0
            self._keep(subscription)
        return subscription

    def tell(self, event: Event) -> None:
        """Puts one delivery for each active subscriber of this event in the queue."""
        data: dict[str, Any] = {"id": event.key, "version": event.version}
        if event.changed_fields:
            data["changedFields"] = list(event.changed_fields)
        body = self._body(event.type, data, event.occurred_at)
        with self._lock:
            for each in self._subscriptions.values():
                if each.status == ACTIVE and event.type in each.events:
                    self._waiting.append(self._delivery(each, event.type, body))

    def deliver_due(self) -> int:
        """Makes every attempt that is due now; how many there were."""
        now = self._clock()
        with self._lock:
            due = [each for each in self._waiting if each.due_at <= now]
            self._waiting = [each for each in self._waiting if each.due_at > now]
        for delivery in due:
            self._attempt(delivery)
        return len(due)

    def waiting(self) -> int:
        """Deliveries not made yet, those waiting for a retry included."""
        with self._lock:
            return len(self._waiting)

    def _attempt(self, delivery: Delivery) -> None:
        subscription = delivery.subscription
        if subscription.status != ACTIVE:
            return
        status, _ = self._send(subscription, delivery.event, delivery.id, delivery.body)
        with self._lock:
            if 200 <= status < 300:
                subscription.failures = 0
                return
            subscription.failures += 1
            if subscription.failures >= TOO_MANY_FAILURES:
                subscription.status = DISABLED
                self._keep(subscription)
            elif delivery.attempts < len(RETRY_AFTER) and subscription.id in self._subscriptions:
                delivery.due_at = self._clock() + RETRY_AFTER[delivery.attempts]
                delivery.attempts += 1
                self._waiting.append(delivery)

    def _send(self, subscription: Subscription, event: str, delivery: str, body: bytes) -> tuple[int, bytes]:
        timestamp = str(int(self._clock().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-CustomERP-Event": event,
            "X-CustomERP-Delivery": delivery,
            "X-CustomERP-Timestamp": timestamp,
            "X-CustomERP-Signature": subscription.signature(timestamp, body),
        }
        return self._post(subscription.url, body, headers)

    def _keep(self, subscription: Subscription) -> None:
        """Not for one unsubscribed meanwhile: it would come back at the next start."""
        if subscription.id in self._subscriptions:
            self._storage.put(HOOKS, subscription.id, asdict(subscription))

    def _delivery(self, subscription: Subscription, event: str, body: bytes) -> Delivery:
        return Delivery(
            id=_new_id("dlv_"), subscription=subscription, event=event, body=body, due_at=self._clock()
        )

    def _body(self, kind: str, data: dict[str, Any], occurred_at: str) -> bytes:
        content = {"id": _new_id("evt_"), "type": kind, "occurredAt": occurred_at, "data": data}
        return json.dumps(content, separators=(",", ":")).encode()


def _new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(13)
