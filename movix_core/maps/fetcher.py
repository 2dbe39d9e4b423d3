"""The only user of sockets: http and https from the hosts a site names, with every answer bounded."""

from __future__ import annotations

import os
import random
import re
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import quote, urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError as BrokenAnswer
from urllib3.exceptions import NewConnectionError
from urllib3.util.connection import create_connection

from movix_core.errors import FetchError
from movix_core.maps.hosts import Hosts, origin_of

_AGENT = "MoViX (imagery for localization; one site at a time)"
_SECRET = re.compile(r"\{env:([A-Za-z0-9_]+)\}")
_ABSENT = (204, 404, 410)
_PASSING = (408, 429, 500, 502, 503, 504)
_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 5
_MAX_WAIT_S = 60.0
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Request:
    """What to fetch. `{env:MOVIX_...}` in url and headers stands for a secret, filled in when it is sent.

    byte_range: (first, one past the last); max_bytes: an answer longer than that is cut off and refused.
    shown: the address as messages may show it, where url itself is signed.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    byte_range: tuple[int, int] | None = None
    max_bytes: int = 16 << 20
    shown: str = ""

    def __str__(self) -> str:
        return self.shown or self.url


@dataclass(frozen=True)
class Answer:
    """body; etag: the server's name for this version of it, or ''; total_bytes: size of the whole file of a range."""

    body: bytes
    etag: str
    total_bytes: int


class _PassingError(Exception):
    """A failure worth another try."""

    def __init__(self, reason: str, wait_s: float = 0.0):
        super().__init__(reason)
        self.wait_s = wait_s


class Fetcher:
    """Fetches with retries, back-off, a rate limit and a pool of connections; may be used by several threads.

    Proxies, netrc and cookies of the machine are not used. timeout_s bounds each wait for the
    server, deadline_s a whole answer. Errors: FetchError, which never shows a secret.
    """

    def __init__(
        self, hosts: Hosts, *, connections: int = 8, requests_per_s: float = 0.0, retries: int = 4,
        timeout_s: float = 20.0, deadline_s: float = 120.0, backoff_s: float = 0.5,
    ):  # fmt: skip
        self.connections = connections
        self._hosts = hosts
        self._retries = retries
        self._timeout_s = timeout_s
        self._deadline_s = deadline_s
        self._backoff_s = backoff_s
        self._pace = _Pace(requests_per_s)
        self._stopped = threading.Event()
        self._session = _session(hosts, connections)

    def get(self, request: Request) -> Answer | None:
        """The answer, or None where the server says that there is none. Blocks; see the class for errors."""
        for attempt in range(self._retries + 1):
            if self._stopped.is_set():
                raise FetchError("fetching was stopped")
            self._pace.wait(self._stopped)
            try:
                return self._attempt(request)
            except _PassingError as err:
                if attempt == self._retries:
                    tries = f"{attempt + 1} tries" if attempt else "1 try"
                    raise FetchError(f"cannot fetch {request}: {err} ({tries})") from None
                pause_s = self._backoff_s * 2**attempt * random.uniform(0.5, 1.0)  # spread out; decides no result
                self._stopped.wait(min(_MAX_WAIT_S, max(pause_s, err.wait_s)))
        raise AssertionError("the last try returns or raises")

    def stop(self) -> None:
        """End all waiting: what is not yet fetched fails."""
        self._stopped.set()

    def close(self) -> None:
        """Stop, and close the connections."""
        self.stop()
        self._session.close()

    def _attempt(self, request: Request) -> Answer | None:
        url, headers = _with_secrets(request.url, quoted=True), _headers(request)
        try:
            for _ in range(_MAX_REDIRECTS + 1):
                self._hosts.check_url(url)
                with self._session.get(
                    url, headers=headers, stream=True, allow_redirects=False, timeout=self._timeout_s
                ) as response:
                    if response.status_code not in _REDIRECTS:
                        return self._received(request, response)
                    target = urljoin(url, response.headers.get("Location", ""))
                headers = _headers_after_redirect(headers, url, target, request)
                url = target
        except requests.exceptions.SSLError:
            raise FetchError(f"cannot fetch {request}: its certificate is not valid") from None
        except (requests.ConnectionError, requests.Timeout) as err:
            raise _PassingError("no answer in time" if isinstance(err, requests.Timeout) else "no connection") from None
        except BrokenAnswer:
            raise _PassingError("the answer broke off") from None
        except requests.RequestException as err:  # its text holds the address, secrets and all
            raise FetchError(f"cannot fetch {request}: {type(err).__name__}") from None
        raise FetchError(f"cannot fetch {request}: more than {_MAX_REDIRECTS} redirects")

    def _received(self, request: Request, response: requests.Response) -> Answer | None:
        status = response.status_code
        if status in _ABSENT:
            return None
        if status in _PASSING:
            raise _PassingError(f"the server answers {status}", _retry_after_s(response.headers.get("Retry-After", "")))
        if status not in (200, 206):
            raise FetchError(f"cannot fetch {request}: the server answers {status} {_meaning(status)}".rstrip())
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchError(f"cannot fetch {request}: the server packs what was asked for unpacked")
        body = self._bounded_body(request, response)
        total = _total_of_range(request, response, body) if request.byte_range else len(body)
        return Answer(body, response.headers.get("ETag", ""), total)

    def _bounded_body(self, request: Request, response: requests.Response) -> bytes:
        too_long = FetchError(f"cannot fetch {request}: more than {request.max_bytes} bytes come")
        if int(_digits(response.headers.get("Content-Length", "")) or 0) > request.max_bytes:
            raise too_long
        body = bytearray()
        late = time.monotonic() + self._deadline_s
        while chunk := response.raw.read1(_CHUNK):  # what has come so far: a trickle must not outlast the deadline
            body += chunk
            if len(body) > request.max_bytes:
                raise too_long
            if time.monotonic() > late:
                raise _PassingError(f"the answer took more than {self._deadline_s:g} s")
        return bytes(body)


class _Pace:
    """Lets at most so many requests a second begin; 0 = any number."""

    def __init__(self, requests_per_s: float):
        self._step_s = 1.0 / requests_per_s if requests_per_s else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, stopped: threading.Event) -> None:
        with self._lock:
            begin = max(time.monotonic(), self._next)
            self._next = begin + self._step_s
        stopped.wait(max(0.0, begin - time.monotonic()))


def _session(hosts: Hosts, connections: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no netrc, and no proxy: behind one, a host's address could not be checked
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"User-Agent": _AGENT, "Accept-Encoding": "identity"})
    for scheme in ("http://", "https://"):
        session.mount(scheme, _GuardedAdapter(hosts, connections))
    return session


class _GuardedAdapter(HTTPAdapter):
    """Connects only to addresses that were checked, so that a name can not change its mind in between."""

    def __init__(self, hosts: Hosts, connections: int):
        self._hosts = hosts
        super().__init__(pool_connections=connections, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: object) -> None:
        super().init_poolmanager(connections, maxsize, block, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _guarded_pools(self._hosts)


def _guarded_pools(hosts: Hosts) -> dict[str, type[HTTPConnectionPool]]:
    def connect(connection: HTTPConnection) -> socket.socket:
        try:
            found = socket.getaddrinfo(connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
            return _first_connection(connection, hosts, dict.fromkeys(str(entry[4][0]) for entry in found))
        except OSError as err:
            raise NewConnectionError(connection, str(err)) from err

    class Http(HTTPConnection):
        _new_conn = connect

    class Https(HTTPSConnection):
        _new_conn = connect

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = Https

    return {"http": HttpPool, "https": HttpsPool}


def _first_connection(connection: HTTPConnection, hosts: Hosts, ips: Iterable[str]) -> socket.socket:
    """To the first address that answers: `localhost` may be ::1 and 127.0.0.1, and a server listen at one."""
    failure = OSError("the host has no address")
    for ip in ips:
        hosts.check_address(connection.host.strip("[]"), connection.port, ip)
        try:
            return create_connection(
                (ip, connection.port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as err:
            failure = err
    raise failure


def _headers(request: Request) -> dict[str, str]:
    headers = {name: _with_secrets(value, quoted=False) for name, value in request.headers.items()}
    return headers | _range_header(request)


def _range_header(request: Request) -> dict[str, str]:
    if request.byte_range is None:
        return {}
    first, end = request.byte_range
    return {"Range": f"bytes={first}-{end - 1}"}


def _headers_after_redirect(headers: dict[str, str], url: str, target: str, request: Request) -> dict[str, str]:
    """What another host, or the same without encryption, is not told: the site file's headers may be keys."""
    old, new = origin_of(url), origin_of(target)  # schemes may be written in capitals
    if new.startswith("http:") and old.startswith("https:"):
        raise FetchError(f"cannot fetch {request}: redirected from https to http")
    return headers if new == old else _range_header(request)


def _with_secrets(text: str, *, quoted: bool) -> str:
    """Fill in `{env:NAME}`. Only names that begin with MOVIX_: a site file from elsewhere may ask for no others."""

    def secret(match: re.Match[str]) -> str:
        name = match[1]
        if not name.startswith("MOVIX_"):
            raise FetchError(f"a site may only ask for environment variables named MOVIX_..., not {name}")
        value = os.environ.get(name, "")
        if not value:
            raise FetchError(f"environment variable {name} is not set: the site's imagery needs it")
        return quote(value, safe="") if quoted else value

    return _SECRET.sub(secret, text)


def _total_of_range(request: Request, response: requests.Response, body: bytes) -> int:
    assert request.byte_range is not None
    first, end = request.byte_range
    told = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
    if response.status_code != 206 or told is None:
        raise FetchError(f"cannot fetch {request}: the server does not serve parts of files (byte ranges)")
    begin, last, total = (int(number) for number in told.groups())
    if begin != first or last != min(end, total) - 1 or len(body) != last + 1 - first:
        raise FetchError(f"cannot fetch {request}: the server sent another part of the file than asked for")
    return total


def _retry_after_s(text: str) -> float:
    return float(_digits(text) or 0)


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) < 16 else ""


def _meaning(status: int) -> str:
    return {401: "(a key is needed)", 403: "(not allowed, or the key is wrong)"}.get(status, "")
