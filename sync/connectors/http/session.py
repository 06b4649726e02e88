"""The one way every real connector speaks HTTP: deadline, caps, allow-list, retries by table, secrets kept."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import quote

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from sync.connectors.base import (
    ENTER_ANEW,
    Access,
    ConnectorError,
    Misconfigured,
    Nonsense,
    Refused,
    Unauthorized,
    Unavailable,
    Unknown,
)
from sync.connectors.http.address import parse_address
from sync.connectors.http.door import Door, DoorAdapter
from sync.connectors.http.json_text import NotJson, parse, scalar
from sync.connectors.http.messages import Answer, Request
from sync.connectors.http.patience import asked, retry_after
from sync.connectors.http.secrets import Secrets

TRIES, FIRST_PAUSE = 3, 0.2
RETRIED = frozenset({408, 500, 502, 503, 504})
QUOTED = 200
HALF_A_SECOND = timedelta(seconds=0.5)
IDLE = 4.0
CHUNK = 64 * 1024
SEGMENT = re.compile(r"[A-Za-z0-9_.:~-]+")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one call may take: seconds in all, seconds until connected, bytes once unpacked."""

    deadline: float = 30.0
    connect: float = 10.0
    most_bytes: int = 32 * 1024 * 1024


DEFAULT_LIMITS = Limits()


class Signature(Protocol):
    """How calls are signed."""

    def headers(self) -> Mapping[str, str]:
        """What to send; may log in first."""

    def query(self) -> Mapping[str, str]: ...

    def renew(self) -> bool:
        """The system did not accept the signature: throw it away. False where a new one would be the same."""


class Session:
    """Speaks to one address. One session belongs to one thread."""

    def __init__(
        self,
        access: Access,
        routes: Iterable[tuple[str, str]],
        *,
        sleep: Callable[[float], None] = time.sleep,
        limits: Limits = DEFAULT_LIMITS,
        key: re.Pattern[str] = SEGMENT,
    ) -> None:
        """`key` is what may stand for `{id}` in a path."""
        self.address = parse_address(access.address, access.allow_hosts)
        self.secrets = Secrets(access.credentials.values())
        self.signature: Signature | None = None
        self.message_of: Callable[[Any], str] = lambda _body: ""
        self._gate = access.gate
        self._routes = frozenset(routes)
        self._taken = {template for _, template in self._routes if "{" not in template}
        self._key = key
        self._sleep = sleep
        self._limits = limits
        self._door = Door(access.allow_hosts)
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers = CaseInsensitiveDict(
            {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "hub"}
        )
        self._adapter = DoorAdapter(self._door, encrypted=self.address.scheme == "https")
        self._http.adapters.clear()
        self._http.mount(f"{self.address.scheme}://", self._adapter)
        self._spoke_at = 0.0

    def call(self, request: Request) -> Answer:
        """The answer: any status but 401, 403, 408, 429, 3xx and 5xx, which raise the ConnectorError they mean."""
        if (request.method, request.template) not in self._routes:
            raise Misconfigured(f"{request.endpoint} is not among the calls this connector may make.")
        url = self._url(request)
        answer = self._tried(request, url)
        if answer.status == 401 and request.signed and self.signature is not None and self.signature.renew():
            answer = self._tried(request, url)
        return self._judged(request, answer)

    def quote(self, answer: Answer) -> str:
        """What the system says of it, short and without secrets; "" for a success that says nothing of itself."""
        # The rest of a success is what was asked for: it may hold a token that nobody has read yet.
        return self.short(self.message_of(answer.body) or (answer.text if answer.status >= 400 else ""))

    def short(self, said: str) -> str:
        """What somebody else said, on one line, without secrets and without length."""
        return str(scalar(" ".join(self.secrets.strike(said).split())))[:QUOTED]

    def _url(self, request: Request) -> str:
        def fill(found: re.Match[str]) -> str:
            name, segment = found.group(1), request.segments[found.group(1)]
            pattern = self._key if name == "id" else SEGMENT
            if not pattern.fullmatch(segment) or not SEGMENT.fullmatch(segment) or set(segment) <= {"."}:
                raise Refused(f"'{self.short(segment)[:40]}' cannot be part of an address.")
            return quote(segment, safe=":")

        path = PLACEHOLDER.sub(fill, request.template)
        if path in self._taken and path != request.template:
            raise Refused(f"'{path}' is the address of something else than a record.")
        return self.address.base + path

    def _tried(self, request: Request, url: str) -> Answer:
        """A read is tried up to three times; a write once."""
        for again in range(1 if request.writes else TRIES):
            if again:
                spread = random.uniform(0.5, 1.0)  # noqa: S311 it spreads load, it keeps no secret
                self._sleep(FIRST_PAUSE * 2**again * spread)
            # Outside the retries: a full call budget is no reason to ask three times.
            signed = self._signed(request)
            self._gate.admit(request.endpoint)
            last: Answer | Unavailable
            try:
                last = self._sent(signed, url)
            except Unavailable as error:
                last = error
            if isinstance(last, Answer) and (last.status not in RETRIED or _asks_to_wait(last)):
                return last
        if isinstance(last, Unavailable):
            raise last
        return last

    def _signed(self, request: Request) -> Request:
        if self.signature is None or not request.signed:
            return request
        headers = {**request.headers, **self.signature.headers()}
        return replace(request, headers=headers, query={**request.query, **self.signature.query()})

    def _sent(self, request: Request, url: str) -> Answer:
        if request.writes and time.monotonic() - self._spoke_at > IDLE:
            # A server hangs up on idle connections: a write must not be the one to find out, it is sent once.
            self._adapter.poolmanager.clear()
        self._door.begin(self._limits.deadline)
        try:
            response = self._http.request(
                request.method,
                url,
                params=dict(request.query),
                headers={**request.headers, **request.content_type()},
                data=request.content(),
                timeout=(self._limits.connect, self._limits.deadline),
                allow_redirects=False,
                stream=True,
            )
            with response:
                return self._answer(request, response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # The cause names the whole address with its query, where a key may stand: it is not passed on.
            raise self._lost(request, error) from None
        finally:
            self._spoke_at = time.monotonic()

    def _tell_the_time(self, response: requests.Response) -> None:
        """The Date of an answer, unless it was kept in between. It tells whole seconds: the middle of one is meant."""
        said = response.headers.get("Date")
        if said is None or "Age" in response.headers:
            return
        with suppress(ValueError, TypeError, OverflowError):
            at = parsedate_to_datetime(said)
            self._gate.heard((at if at.tzinfo else at.replace(tzinfo=UTC)) + HALF_A_SECOND)

    def _lost(self, request: Request, error: Exception) -> ConnectorError:
        what = "took too long" if _timed_out(error) else f"broke off ({type(error).__name__})"
        if request.writes:
            return Unknown(f"{request.endpoint} {what}: it may have happened or not.")
        return Unavailable(f"{request.endpoint} {what}.")

    def _answer(self, request: Request, response: requests.Response) -> Answer:
        self._tell_the_time(response)
        content = self._content(request, response)
        if not response.ok:
            # Errors are shown to people, in whole or in parts: what they must not see goes before anything is read.
            content = self.secrets.strike(content.decode("utf-8", "replace")).encode()
        text = content[: 4 * QUOTED].decode("utf-8", "replace")
        body = None
        if content.strip():
            try:
                body = _parsed(response, content)
            except NotJson:
                if response.ok:
                    raise self._senseless(request, text) from None
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=body,
            text=text,
            empty=not content.strip(),
        )

    def _senseless(self, request: Request, text: str) -> ConnectorError:
        # What a login is answered with may be the token itself.
        shown = self.short(text) if request.signed else "it is not shown, for it may be a token"
        if request.writes:
            return Unknown(f"{request.endpoint} was answered with something that is not JSON: {shown}")
        todo = "Check the address, and what stands between."
        return Nonsense(f"{request.endpoint} was answered with something that is not JSON: {shown}. {todo}")

    def _content(self, request: Request, response: requests.Response) -> bytes:
        """The body, decoded, as far as the cap allows."""
        parts, size = [], 0
        while part := response.raw.read1(CHUNK, decode_content=True):
            size += len(part)
            if size > self._limits.most_bytes:
                raise (Unknown if request.writes else Nonsense)(
                    f"{request.endpoint} was answered with more than {self._limits.most_bytes} bytes."
                )
            parts.append(part)
        return b"".join(parts)

    def _judged(self, request: Request, answer: Answer) -> Answer:
        status = answer.status
        if _asks_to_wait(answer):
            pause = retry_after(answer.headers, answer.body, now=datetime.now(UTC))
            self._gate.pause(pause)
            if status == 429 or not request.writes:
                raise Unavailable(f"{request.endpoint}: the system asks to wait.", retry_after=pause)
        if status == 401:
            raise Unauthorized(
                f"The system does not accept the credentials ({request.endpoint}). {ENTER_ANEW}"
            )
        if status == 403:
            raise Refused(f"The system does not allow {request.endpoint}: {self.quote(answer)}")
        if status >= 500 or status == 408 or 300 <= status < 400:
            raise self._unanswered(request, answer)
        return answer

    def _unanswered(self, request: Request, answer: Answer) -> ConnectorError:
        said = f"{request.endpoint} was answered with {answer.status}"
        if request.writes:
            return Unknown(f"{said}: it may have happened or not. {self.quote(answer)}".rstrip())
        if answer.status < 400:
            return Nonsense(f"{said}, a way to another address: enter the address it really lives at.")
        return Unavailable(f"{said}. {self.quote(answer)}".rstrip())


def _asks_to_wait(answer: Answer) -> bool:
    if answer.status not in RETRIED:
        return answer.status == 429
    worded = asked(answer.headers, answer.body, now=datetime.now(UTC)) is not None
    return worded or "Retry-After" in answer.headers


def _parsed(response: requests.Response, content: bytes) -> Any:
    if "html" in response.headers.get("Content-Type", "").lower():
        raise NotJson("html")
    return parse(content)


def _timed_out(error: Exception) -> bool:
    return isinstance(error, requests.Timeout | TimeoutError) or "timed out" in str(error).lower()
