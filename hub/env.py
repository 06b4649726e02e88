"""The environment as the hub understands it: read once, checked at start, never guessed.

Every variable `X` may instead be given as `X_FILE`, the path of a file that holds the value.
Sentences name the variable and never its value: a value may be a secret.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv
from environ.fileaware_mapping import FileAwareMapping

LEAST_SECRET = 50  # characters; below this `check --deploy` warns
MAKE_A_KEY = (
    'Make one with: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
}
HOST = re.compile(r"\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True, kw_only=True)
class Environment:
    debug: bool
    secret_key: str
    hub_keys: tuple[str, ...]
    """Fernet keys: the first one seals, all of them open."""
    hub_url: str
    """Scheme and host where people and hooks reach the hub, without a slash at the end."""
    allowed_hosts: tuple[str, ...]
    allow_hosts: tuple[str, ...]
    """`host:port` of systems that may be private or speak plain http."""
    database: dict[str, Any]
    """A Django database as the address says it, without our own options."""
    redis_url: str
    """Empty when there is none."""

    @property
    def secure(self) -> bool:
        """Whether people reach the hub over TLS."""
        return self.hub_url.startswith("https://")


def read(environ: Mapping[str, str], *, default_database: str) -> Environment:
    """The checked environment. ImproperlyConfigured when a variable is missing or makes no sense."""
    variables = _Variables(environ)
    debug = variables.flag("DEBUG")
    hub_url = _hub_url(variables.text("HUB_URL"), debug=debug)
    return Environment(
        debug=debug,
        secret_key=_secret_key(variables.text("SECRET_KEY"), debug=debug),
        hub_keys=_hub_keys(variables.words("HUB_KEYS"), debug=debug),
        hub_url=hub_url,
        allowed_hosts=_allowed_hosts(variables.words("ALLOWED_HOSTS"), hub_url),
        allow_hosts=_allow_hosts(variables.words("HUB_ALLOW_HOSTS")),
        database=_database(variables.text("DATABASE_URL") or default_database),
        redis_url=_redis_url(variables.text("REDIS_URL")),
    )


class _Variables:
    """One variable at a time, from the environment or from the file it names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.mapping = FileAwareMapping(env=environ)

    def text(self, name: str) -> str:
        try:
            return str(self.mapping.get(name, "")).strip()
        except (OSError, UnicodeDecodeError):
            raise ImproperlyConfigured(
                f"{name}_FILE names a file that cannot be read as text. "
                f"Check that the path exists and that the hub's user may read it."
            ) from None

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(self.text(name).replace(",", " ").split())

    def flag(self, name: str) -> bool:
        text = self.text(name).lower()
        if text not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} is neither yes nor no. Write 1 or 0.")
        return text in TRUE


def _secret_key(text: str, *, debug: bool) -> str:
    if not text and debug:
        return hashlib.sha256(b"the hub's development secret").hexdigest()
    if not text:
        raise ImproperlyConfigured(
            "SECRET_KEY is missing. It signs sessions: set it to a long random text, "
            f"at least {LEAST_SECRET} characters, or run with DEBUG=1 on your own machine."
        )
    if not debug and len(text) < LEAST_SECRET:
        raise ImproperlyConfigured(
            f"SECRET_KEY is too short to be safe. Use at least {LEAST_SECRET} random characters."
        )
    return text


def _hub_keys(words: tuple[str, ...], *, debug: bool) -> tuple[str, ...]:
    if not words and debug:
        digest = hashlib.sha256(b"the hub's development sealing key").digest()
        return (base64.urlsafe_b64encode(digest).decode(),)
    if not words:
        raise ImproperlyConfigured(
            "HUB_KEYS is missing. It seals the systems' credentials: set it to one key, or several with the "
            f"newest first. {MAKE_A_KEY}"
        )
    for position, word in enumerate(words, start=1):
        if not _is_fernet_key(word):
            raise ImproperlyConfigured(
                f"Key {position} in HUB_KEYS is not a sealing key (32 bytes in url-safe base64). {MAKE_A_KEY}"
            )
    return words


def _is_fernet_key(word: str) -> bool:
    try:
        Fernet(word)
    except ValueError:
        return False
    return True


def _hub_url(text: str, *, debug: bool) -> str:
    if not text and debug:
        return "http://localhost:8000"
    if not text:
        raise ImproperlyConfigured(
            "HUB_URL is missing. Set it to the address where people and hooks reach the hub: "
            "https://hub.example.com"
        )
    parts = _split("HUB_URL", text)
    bare = not (parts.username or parts.query or parts.fragment or parts.path.strip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or not bare:
        raise ImproperlyConfigured(
            "HUB_URL is not the address of a site. Write scheme and host only: https://hub.example.com"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _allowed_hosts(words: tuple[str, ...], hub_url: str) -> tuple[str, ...]:
    for word in words:
        if not HOST.fullmatch(word):
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS holds {word!r}, which is no host name. "
                "List the names people use, without scheme or port: hub.example.com"
            )
    return words or (str(urlsplit(hub_url).hostname), *LOCAL_HOSTS)


def _allow_hosts(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        host, _, port = word.rpartition(":")
        if not HOST.fullmatch(host) or not _is_port(port):
            raise ImproperlyConfigured(
                f"HUB_ALLOW_HOSTS holds {word!r}, which is not host:port. Write for example erp.local:8443"
            )
    return tuple(word.lower() for word in words)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65_536


def _database(url: str) -> dict[str, Any]:
    parts = _split("DATABASE_URL", url)
    if parts.scheme not in ENGINES:
        raise ImproperlyConfigured(
            "DATABASE_URL is neither SQLite nor PostgreSQL. Write sqlite:////path/hub.sqlite3 or "
            "postgres://user:password@host:5432/name"
        )
    named = parts.path.strip("/") and (parts.scheme != "sqlite" or not parts.netloc)
    if not named and parts.scheme == "sqlite":
        raise ImproperlyConfigured(
            "DATABASE_URL names no file, and web and worker must share one. "
            "Write an absolute path after four slashes: sqlite:////path/hub.sqlite3"
        )
    if not named:
        raise ImproperlyConfigured("DATABASE_URL names no database. Put its name after the last slash.")
    database: dict[str, Any] = FileAwareEnv.db_url_config(url, engine=ENGINES[parts.scheme])
    return database


def _redis_url(url: str) -> str:
    if not url:
        return ""
    parts = _split("REDIS_URL", url)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise ImproperlyConfigured("REDIS_URL is not the address of a Redis. Write redis://host:6379/0")
    return url


def _split(name: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it is what checks it
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} cannot be read as an address. Special characters in a password must be "
            "percent-encoded: @ as %40, / as %2F."
        ) from None
    return parts
