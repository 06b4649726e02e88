"""Who is calling: API keys, access tokens, and what each client may do."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.customerp.problems import Problem
from sandbox.customerp.stamps import Clock

TOKEN_SECONDS = 1800


@dataclass(frozen=True, kw_only=True)
class Client:
    """One registered program."""

    id: str
    secret: str
    api_key: str
    scopes: tuple[str, ...]


def registered(name: str, *scopes: str) -> Client:
    """A client whose secret is `<name>-secret` and whose API key is `key-<name>`."""
    return Client(id=name, secret=f"{name}-secret", api_key=f"key-{name}", scopes=scopes)


CLIENTS = (registered("hub", "read", "write"), registered("reader", "read"))
"""The clients every CustomERP begins with."""


class Access:
    """Issues tokens and recognises callers."""

    def __init__(self, clients: tuple[Client, ...], clock: Clock) -> None:
        self._clients = {client.id: client for client in clients}
        self._keys = {client.api_key: client for client in clients}
        self._tokens: dict[str, tuple[Client, datetime]] = {}
        self._clock = clock

    def issue(self, form: Mapping[str, str], *, seconds: int = TOKEN_SECONDS) -> dict[str, str | int]:
        """A fresh access token for the client-credentials form; 400 or 401."""
        if form.get("grant_type") != "client_credentials":
            raise Problem(400, "grant_type must be client_credentials.")
        client = self._clients.get(form.get("client_id", ""))
        if client is None or not hmac.compare_digest(client.secret, form.get("client_secret", "")):
            raise Problem(401, "Unknown client or wrong secret.")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (client, self._clock() + timedelta(seconds=seconds))
        return {"access_token": token, "token_type": "Bearer", "expires_in": seconds}

    def forget_tokens(self) -> None:
        """Ends every token, as a restart of the real thing would."""
        self._tokens.clear()

    def client(self, authorization: str, api_key: str) -> Client:
        """The caller by `Authorization: Bearer …` or `X-Api-Key`; 401 for nobody."""
        if api_key:
            found = self._keys.get(api_key)
        else:
            scheme, _, token = authorization.partition(" ")
            found = self._holder(token.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise Problem(401, "A valid access token or API key is needed.")
        return found

    def _holder(self, token: str) -> Client | None:
        client, expires_at = self._tokens.get(token, (None, self._clock()))
        return client if client and self._clock() < expires_at else None


def demand(client: Client, scope: str) -> None:
    if scope not in client.scopes:
        raise Problem(403, f"Client {client.id} may not {scope}.")
