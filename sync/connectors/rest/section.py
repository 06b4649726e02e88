"""Reading a configuration document: every complaint says where, what is wrong, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from sync.connectors.base import Misconfigured
from sync.connectors.rest.expressions import Expression

BRACES = re.compile(r"\{\{\s*(\w+)\s*\}\}")
SECRET = re.compile(r"\$\{secret\.(\w+)\}")
UNFILLED = re.compile(r"\$\{|\{\{")
"""A placeholder: sent as it stands, it would be a wrong value that nobody notices."""


class Section:
    """One mapping of the document, taken apart key by key; `done` complains of what nobody took."""

    def __init__(self, raw: Any, path: str, credentials: Mapping[str, str]) -> None:
        self.path = path
        self._credentials = credentials
        self._taken: set[str] = set()
        if not isinstance(raw, Mapping):
            self.wrong("", f"is {_kind(raw)}, but must be a mapping", "write `name: value` lines below it")
        self._raw: Mapping[str, Any] = raw

    def wrong(self, name: str, what: str, todo: str) -> NoReturn:
        """Raises the Misconfigured that says so."""
        place = ".".join(part for part in (self.path, name) if part) or "The document"
        raise Misconfigured(f"{place} {what}: {todo}.")

    def has(self, name: str) -> bool:
        return self._take(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it must be there."""
        return self._literal(name, self._text(name, default))

    def _text(self, name: str, default: str | None = None) -> str:
        value = self._take(name)
        if value is None:
            return self._required(name, "a text") if default is None else default
        if not isinstance(value, str) or not value:
            self.wrong(name, f"is {_kind(value)}, but must be a text", "put it in quotes")
        return value

    def secret(self, name: str) -> str:
        """A text in which `${secret.x}` is replaced by the credential x."""
        return self._with_credentials(name, self._text(name))

    def demand_credential(self, *names: str) -> None:
        """One of these is a credential: written out, it would stand on pages and in the audit for all to read."""
        if names and not any(SECRET.search(self._text(name)) for name in names):
            todo = "enter it as one of the system's credentials, and write ${secret.NAME} here"
            self.wrong(names[-1], "holds no credential", todo)

    def _with_credentials(self, name: str, text: str) -> str:
        def credential(found: re.Match[str]) -> str:
            value = self._credentials.get(found.group(1))
            if not value:
                self.wrong(name, f"uses the credential '{found.group(1)}', which is not there", "enter it")
            return value

        self._literal(name, text, without=SECRET.sub("", text))
        return SECRET.sub(credential, text)

    def _literal(self, name: str, text: str, *, without: str | None = None) -> str:
        """The text; wrong where a placeholder is left in it, or in what it is without its credentials."""
        if UNFILLED.search(text if without is None else without):
            self.wrong(name, f"is '{text}', which nobody fills in here", "write the value itself")
        return text

    def secret_or_nothing(self, name: str) -> str:
        """The same; "" where it is not given or its credential is not there."""
        names = SECRET.findall(self._text(name, ""))
        return self.secret(name) if self.has(name) and all(self._credentials.get(n) for n in names) else ""

    def secrets(self) -> dict[str, str]:
        """All of the section's texts, with their credentials filled in: one of them is one."""
        found = {str(name): self.secret(str(name)) for name in self._raw}
        self.demand_credential(*found)
        return found

    def number(self, name: str, default: int, *, least: int = 0, most: int = 1_000_000) -> int:
        value = self._take(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(name, f"must be a whole number from {least} to {most}", "correct it")
        return value

    def choice(self, name: str, options: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in options:
            self.wrong(name, f"is '{value}', which is not known", f"choose one of {', '.join(options)}")
        return value

    def route(self, name: str, *names: str) -> str:
        """A path that begins with a slash; `{id}` or `{{ id }}` stands for what the call fills in."""
        path = BRACES.sub(r"{\1}", self._text(name))
        if not path.startswith("/") or re.search(r"[?#\s\\]|\.\.|//", path):
            self.wrong(
                name, f"is '{path}', which is no path", "begin it with / and leave out ?, # and blanks"
            )
        asked = re.findall(r"\{(\w+)\}", path)
        if sorted(asked) != sorted(names):
            wanted = ", ".join(f"{{{one}}}" for one in names) or "no {…}"
            self.wrong(name, f"is '{path}'", f"it must contain {wanted} exactly")
        return path

    def expression(self, name: str, default: str | None = None) -> Expression:
        text = self.text(name, default)
        try:
            return Expression(text)
        except ValueError:
            self.wrong(
                name, f"is '{text}', which is no path into an answer", "write it like $.data or $.items[*]"
            )

    def maybe_expression(self, name: str) -> Expression | None:
        return self.expression(name) if self.has(name) else None

    def texts(self, name: str, *, secret: bool = False) -> dict[str, str]:
        """A mapping of names to scalars, as texts; {} where it is not given. Credentials are filled in if `secret`."""
        value = self._take(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(_plain(item) for item in value.values()):
            self.wrong(name, "must be a mapping of names to texts", "write `name: value` lines below it")
        fill = self._with_credentials if secret else self._literal
        return {str(key): fill(f"{name}.{key}", _written(item)) for key, item in value.items()}

    def names(self, name: str) -> tuple[str, ...]:
        """A list of texts, or one text; () where it is not given."""
        value = self._take(name)
        listed = [value] if isinstance(value, str | int) else ([] if value is None else value)
        if not isinstance(listed, list) or not all(_plain(item) for item in listed):
            self.wrong(name, "must be a list", "write it as [one, two]")
        return tuple(str(item) for item in listed)

    def statuses(self, name: str) -> tuple[str, ...]:
        """A list of HTTP statuses, or one; () where it is not given."""
        found = self.names(name)
        if not all(text.isascii() and text.isdigit() for text in found):
            self.wrong(name, "must be numbers like 409", "write one, or a list of them")
        return found

    def section(self, name: str) -> Section:
        value = self._take(name)
        if value is None:
            self._required(name, "a mapping")
        return Section(value, self._at(name), self._credentials)

    def maybe_section(self, name: str) -> Section | None:
        return self.section(name) if self.has(name) else None

    def sections(self, name: str) -> list[Section]:
        """A list of mappings; [] where it is not given."""
        value = self._take(name)
        if value is not None and not isinstance(value, list):
            self.wrong(name, f"is {_kind(value)}, but must be a list", "begin each entry with a dash")
        return [
            Section(item, f"{self._at(name)}[{at}]", self._credentials) for at, item in enumerate(value or [])
        ]

    def named_sections(self, name: str) -> dict[str, Section]:
        """The sections below a section, by name; {} where it is not given."""
        if not self.has(name):
            return {}
        inner = self.section(name)
        return {str(key): inner.section(str(key)) for key in inner._raw}

    def done(self) -> None:
        """Complains of every key that nobody asked for."""
        unknown = sorted(str(key) for key in self._raw if key not in self._taken)
        if unknown:
            known = ", ".join(sorted(self._taken))
            self.wrong(unknown[0], "is not known here", f"remove it, or choose one of {known}")

    def build(self, make: Callable[[Section], Any]) -> Any:
        """What `make` makes of the section, once nothing of it is left over."""
        made = make(self)
        self.done()
        return made

    def _take(self, name: str) -> Any:
        self._taken.add(name)
        return self._raw.get(name)

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _required(self, name: str, what: str) -> NoReturn:
        self.wrong(name, "is missing", f"it must be {what}")


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(value: Any) -> str:
    kinds = {list: "a list", dict: "a mapping", str: "a text", bool: "true or false", type(None): "empty"}
    return kinds.get(type(value), "a number")
