"""Whom MoViX speaks to: the hosts a site names, and no others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from movix_core.errors import FetchError

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # its last 32 bits are an IPv4 address


class Hosts:
    """The `hosts` and `private_hosts` of a site, as "name" (ports 80 and 443) or "name:port".

    private_hosts are named hosts that may lie on this machine or in a private network; any other
    that turns out to is refused, so that a site file from elsewhere can not reach into yours.
    """

    def __init__(self, named: Iterable[str], private: Iterable[str] = ()):
        self._private = {entry.lower() for entry in private}
        self._named = {entry.lower() for entry in named} | self._private

    def check_url(self, url: str) -> None:
        """Raise FetchError unless this is an http or https address of a named host."""
        scheme, host, port = _parts(url)
        if not self._holds(self._named, host, port, scheme):
            raise FetchError(f"host {host}:{port} is not named: add it to `hosts` in site.yaml if you trust it")

    def check_address(self, host: str, port: int, ip: str) -> None:
        """Raise FetchError if a host turns out to lie where the site file does not allow it.

        ip is the address about to be connected to: looked up once, checked, and used.
        """
        if _is_public(ip) or self._holds(self._private, host, port, None):
            return
        raise FetchError(
            f"host {host} is at {ip}, a private address: add it to `private_hosts` in site.yaml if that is meant"
        )

    @staticmethod
    def _holds(entries: set[str], host: str, port: int, scheme: str | None) -> bool:
        usual = port in _PORTS.values() if scheme is None else port == _PORTS[scheme]
        return f"{host}:{port}" in entries or (usual and host in entries)


def check_form(url: str) -> None:
    """Raise FetchError unless this is an http or https address of a host, whichever."""
    _parts(url)


def origin_of(url: str) -> str:
    """scheme://host:port of an address, which may be shown: no path, no query, no secrets."""
    scheme, host, port = _parts(url)
    return f"{scheme}://{host}:{port}"


def host_entry(url: str) -> str:
    """How an address's host is written in `hosts`."""
    scheme, host, port = _parts(url)
    return host if port == _PORTS[scheme] else f"{host}:{port}"


def _parts(url: str) -> tuple[str, str, int]:
    try:
        parsed = parse_url(url)  # the parser that also decides where the connection goes
    except (LocationParseError, UnicodeError):
        raise FetchError("an address to fetch from can not be parsed: correct it in site.yaml") from None
    if parsed.scheme not in _PORTS:
        raise FetchError(f"only http and https are fetched, not '{parsed.scheme}:'")
    if not parsed.host or parsed.auth:
        raise FetchError(f"an address must be https://host/..., without a user name: '{parsed.host or ''}'")
    return parsed.scheme, parsed.host.lower().strip("[]"), parsed.port or _PORTS[parsed.scheme]


def _is_public(ip: str) -> bool:
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        address = inner or address
    return address.is_global and not address.is_multicast
