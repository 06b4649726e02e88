"""Which addresses a connector may speak to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from sync.connectors.base import Misconfigured

DEFAULT_PORTS = {"http": 80, "https": 443}
NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a system lives, in its parts. `path` has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def place(self) -> str:
        """Host and port, as `HUB_ALLOW_HOSTS` lists them."""
        return f"{self.host}:{self.port}"

    @property
    def base(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def parse_address(text: str, allow_hosts: Iterable[str]) -> Address:
    """The address in its parts; Misconfigured where it is not one, or is plain http and not listed."""
    parts = _split(text)
    if parts.username is not None or parts.password is not None:
        raise Misconfigured("The address must not contain a user or a password: credentials are kept apart.")
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise Misconfigured(f"'{text}' is not an address: it must begin with https:// and name a host.")
    if parts.query or parts.fragment:
        raise Misconfigured("The address must end with its path: leave out everything from ? or # on.")
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    path = parts.path.rstrip("/")
    address = Address(scheme=parts.scheme, host=parts.hostname.lower(), port=port, path=path)
    if address.scheme == "http" and not listed(address.host, address.port, allow_hosts):
        raise Misconfigured(
            f"{address.place} is plain http, which is refused: use https, or list it in HUB_ALLOW_HOSTS."
        )
    return address


def listed(host: str, port: int, allow_hosts: Iterable[str]) -> bool:
    """Whether this very host and port may be private or plain http."""
    return f"{host}:{port}".lower() in {entry.strip().lower() for entry in allow_hosts}


def is_public(ip: str) -> bool:
    """Whether an IP is out in the world, looking through the forms that wrap an IPv4 address."""
    plain = ip_address(ip.partition("%")[0])
    while isinstance(plain, IPv6Address) and (inner := _wrapped(plain)) is not None:
        plain = inner
    return plain.is_global and not plain.is_multicast


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def _split(text: str) -> SplitResult:
    # A backslash or a blank is read differently by different parsers: that is how a check is talked past.
    if any(ord(letter) <= ord(" ") or letter == "\\" for letter in text.strip()):
        raise Misconfigured("The address contains a blank or a backslash: leave it out.")
    try:
        parts = urlsplit(text.strip())
        _ = parts.port
    except ValueError:
        raise Misconfigured(f"'{text}' is not an address: host or port cannot be read.") from None
    return parts
