"""webCRM's access tokens: one for all workers, kept in the vault, renewed early or when refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sync.connectors.base import ENTER_ANEW, Access, Misconfigured, Refused, Unauthorized, Unavailable
from sync.connectors.http.messages import Answer, Request
from sync.connectors.http.session import Session

LOGIN = Request(method="POST", template="/Auth/ApiLogin", signed=False)
WHO = Request(method="GET", template="/Auth")
HOUR, EARLY, LONGEST = 3600, 300, 86_400
USABLE = re.compile(r"[\x21-\x7e]+")
DAY = timedelta(days=1)


class Login:
    """Signs calls with a bearer token."""

    def __init__(self, access: Access, session: Session) -> None:
        self._credential = access.credentials.get("auth_code", "").strip()
        if not self._credential:
            raise Misconfigured(
                "webCRM needs the credential 'auth_code': make an application token in webCRM under "
                "Configuration > Integration > API > REST and enter it."
            )
        # Another application token is another identity: it must not inherit the old one's access.
        self.mark = hashlib.sha256(f"{access.address} {self._credential}".encode()).hexdigest()[:16]
        self._name = f"access-{self.mark}"
        self._vault = access.vault
        self._session = session
        self._used = ""
        self._system = ""
        """Who answered first, where it tells: nobody else is spoken to."""

    def headers(self) -> Mapping[str, str]:
        token, system = self._kept() or self._log_in()
        self._demand(system)
        self._used = token
        self._session.secrets.add(token)
        return {"Authorization": f"Bearer {token}"}

    def query(self) -> Mapping[str, str]:
        return {}

    def renew(self) -> bool:
        """Another worker may have renewed it since: then its token serves us too."""
        kept = self._kept()
        if kept is not None and kept[0] == self._used:
            self._vault.drop(self._name)
        return True

    def introduce(self, *, fresh: bool) -> tuple[str, str]:
        """The system's id ("" where it does not tell) and this credential's mark; `fresh` logs in for it."""
        self._system = ((None if fresh else self._kept()) or self._log_in())[1]
        return self._system, self.mark

    def _kept(self) -> tuple[str, str] | None:
        """A token and the system that gave it; None also where that is not said, as hubs kept them before."""
        text = (self._vault.get(self._name) or ("",))[0]
        token, said, system = text.partition(" ")
        return (token, system) if said else None

    def _log_in(self) -> tuple[str, str]:
        request = Request(
            method=LOGIN.method, template=LOGIN.template, signed=False, form={"authCode": self._credential}
        )
        answer = self._session.call(request)
        token = _token(answer, self._session.quote(answer))
        system = _system(answer.body.get("SystemId"))
        self._session.secrets.add(token)
        # A token goes with the system that gave it: other workers must know whose they are using.
        self._vault.put(
            self._name, f"{token} {system}", datetime.now(UTC) + _life(answer.body.get("ExpiresIn"))
        )
        return token, system

    def _demand(self, system: str) -> None:
        if self._system and system and system != self._system:
            raise Unavailable(
                f"System {system} answers instead of {self._system}, in the middle of the work."
            )
        self._system = self._system or system


class Editor:
    """The name webCRM gives the hub's own writes: `api2 <token name>`; "" where nobody says it."""

    def __init__(self, access: Access, session: Session, login: Login) -> None:
        self._given = str(access.config.get("token_name") or "").strip()
        self._name = f"editor-{login.mark}"
        self._vault = access.vault
        self._session = session

    def name(self) -> str:
        if self._given:
            return f"api2 {self._given}"
        kept = self._vault.get(self._name)
        if kept is not None:
            return kept[0].strip()
        learnt = self._asked()
        # A vault keeps no empty text: a blank stands for "it does not tell".
        self._vault.put(self._name, learnt or " ", datetime.now(UTC) + DAY)
        return learnt

    def _asked(self) -> str:
        try:
            return _editor(self._session.call(WHO).body)
        except Refused:
            return ""


def _token(answer: Answer, said: str) -> str:
    if answer.status == 404:
        raise Misconfigured("There is no webCRM at this address: it should be https://api.webcrm.com/.")
    body = answer.body if isinstance(answer.body, dict) else {}
    token = body.get("AccessToken")
    failed = answer.status >= 400 or body.get("IsError") is True
    if failed or not isinstance(token, str) or not USABLE.fullmatch(token):
        why = said if failed and said else "no access token came back"
        raise Unauthorized(f"webCRM does not accept the application token: {why.rstrip('.')}. {ENTER_ANEW}")
    return token


def _life(said: Any) -> timedelta:
    """How long to use a token: an hour where `ExpiresIn` is nonsense, and never its last minutes."""
    try:
        seconds = int(said)
    except (TypeError, ValueError, OverflowError):
        seconds = HOUR
    if not 0 < seconds <= LONGEST:
        seconds = HOUR
    return timedelta(seconds=max(seconds - EARLY, seconds / 2))


def _system(said: Any) -> str:
    return str(said) if isinstance(said, int | str) and not isinstance(said, bool) and said else ""


def _editor(body: Any) -> str:
    """webCRM does not document this answer: take the name that looks like an editor's, or the token's own."""
    if not isinstance(body, dict):
        return ""
    texts = {str(name).casefold(): said for name, said in body.items() if isinstance(said, str) and said}
    known = next((said for said in texts.values() if said.casefold().startswith("api2 ")), "")
    named = next((texts[name] for name in ("tokenname", "applicationname") if name in texts), "")
    return known or (f"api2 {named}" if named else "")
