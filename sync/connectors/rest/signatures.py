"""How calls are signed: one reader per `auth.kind`."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sync.connectors.base import ENTER_ANEW, Unauthorized, Vault
from sync.connectors.http.messages import Request
from sync.connectors.http.secrets import Secrets
from sync.connectors.http.session import Session, Signature
from sync.connectors.rest.expressions import Expression
from sync.connectors.rest.section import Section

HOUR, LONGEST = 3600, 86_400


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """The same on every call."""

    in_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    in_query: Mapping[str, str] = field(default_factory=dict, repr=False)

    def headers(self) -> Mapping[str, str]:
        return self.in_headers

    def query(self) -> Mapping[str, str]:
        return self.in_query

    def renew(self) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class TokenCall:
    """How a token is fetched, where it stands in the answer, and how it is shown afterwards."""

    method: str
    path: str
    as_form: bool
    body: Mapping[str, str] = field(repr=False)
    read: Expression
    expires_in: Expression
    error_when: Expression | None
    early: int
    header: str
    prefix: str


class Token:
    """A token fetched with credentials, shared through the vault, renewed early or when refused."""

    def __init__(self, call: TokenCall, session: Session, vault: Vault) -> None:
        self._call = call
        self._session = session
        self._vault = vault
        # Other credentials are another identity: they must not inherit a token.
        known = "\n".join(sorted(call.body.values()))
        mark = hashlib.sha256(f"{session.address.base} {call.path} {known}".encode()).hexdigest()
        self._name = f"access-{mark[:16]}"
        self._used = ""

    def headers(self) -> Mapping[str, str]:
        kept = self._vault.get(self._name)
        self._used = kept[0] if kept else self._fetch()
        self._session.secrets.add(self._used)
        return {self._call.header: f"{self._call.prefix}{self._used}"}

    def query(self) -> Mapping[str, str]:
        return {}

    def renew(self) -> bool:
        """Another worker may have renewed it since: then its token serves us too."""
        kept = self._vault.get(self._name)
        if kept is not None and kept[0] == self._used:
            self._vault.drop(self._name)
        return True

    def _fetch(self) -> str:
        body = dict(self._call.body)
        request = Request(
            method=self._call.method,
            template=self._call.path,
            form=body if self._call.as_form else None,
            body=None if self._call.as_form else body,
            signed=False,
        )
        answer = self._session.call(request)
        token = self._call.read.text_of(answer.body)
        failed = self._call.error_when is not None and self._call.error_when.of(answer.body) is True
        if answer.status >= 400 or failed or not token or not token.isascii() or not token.isprintable():
            said = self._session.quote(answer).rstrip(".") or f"none stands at {self._call.read.text}"
            raise Unauthorized(f"The system gave no access token: {said}. {ENTER_ANEW}")
        self._session.secrets.add(token)
        self._vault.put(self._name, token, datetime.now(UTC) + self._life(answer.body))
        return token

    def _life(self, body: Any) -> timedelta:
        try:
            seconds = int(self._call.expires_in.text_of(body))
        except ValueError:
            seconds = HOUR
        if not 0 < seconds <= LONGEST:
            seconds = HOUR
        return timedelta(seconds=max(seconds - self._call.early, seconds / 2))


@dataclass(frozen=True, kw_only=True)
class Auth:
    """What a document says of signing; `sign` makes the signature once there is a session."""

    fixed: Fixed = Fixed()
    token: TokenCall | None = None

    def routes(self) -> list[tuple[str, str]]:
        return [(self.token.method, self.token.path)] if self.token else []

    def hide(self, secrets: Secrets) -> None:
        """Make known what must not be said, in the form in which it travels."""
        for value in (*self.fixed.in_headers.values(), *self.fixed.in_query.values()):
            secrets.add(value)

    def sign(self, session: Session, vault: Vault) -> Signature:
        return self.fixed if self.token is None else Token(self.token, session, vault)


def read_auth(section: Section | None) -> Auth:
    """How a document wants calls signed; not at all where it says nothing."""
    if section is None:
        return Auth()
    kind = section.choice("kind", tuple(KINDS))
    auth: Auth = section.build(KINDS[kind])
    return auth


def _none(_section: Section) -> Auth:
    return Auth()


def _api_key(section: Section) -> Auth:
    place = section.choice("in", ("header", "query"), "header")
    said = {section.text("name"): section.secret("value")}
    section.demand_credential("value")
    return Auth(fixed=Fixed(in_headers=said) if place == "header" else Fixed(in_query=said))


def _bearer(section: Section) -> Auth:
    said = {"Authorization": f"Bearer {section.secret('value')}"}
    section.demand_credential("value")
    return Auth(fixed=Fixed(in_headers=said))


def _basic(section: Section) -> Auth:
    pair = f"{section.secret('user')}:{section.secret('password')}"
    section.demand_credential("user", "password")
    return Auth(fixed=Fixed(in_headers={"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}))


def _token(section: Section) -> Auth:
    call = section.section("token")
    apply = section.maybe_section("apply") or Section({}, "auth.apply", {})
    auth = Auth(token=call.build(lambda inner: _token_call(inner, apply)))
    apply.done()
    return auth


def _token_call(section: Section, apply: Section) -> TokenCall:
    body = section.section("body")
    return TokenCall(
        method=section.choice("method", ("POST", "GET", "PUT"), "POST"),
        path=section.route("path"),
        as_form=section.choice("body_as", ("form", "json"), "form") == "form",
        body=body.build(lambda inner: inner.secrets()),
        read=section.expression("read", "$.access_token"),
        expires_in=section.expression("expires_in", "$.expires_in"),
        error_when=section.maybe_expression("error_when"),
        early=section.number("refresh_early_s", 300, most=LONGEST),
        header=apply.text("name", "Authorization"),
        prefix=apply.text("prefix", "Bearer "),
    )


KINDS: dict[str, Callable[[Section], Auth]] = {
    "none": _none,
    "api_key": _api_key,
    "bearer": _bearer,
    "basic": _basic,
    "oauth2_client_credentials": _token,
    "login_token": _token,
}
