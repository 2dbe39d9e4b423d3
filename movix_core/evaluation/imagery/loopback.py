"""A real HTTP server on this machine, with byte ranges, and faults where they are asked for."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True)
class Fault:
    """How an answer goes wrong: another status, body or headers, bytes cut off its end, seconds of waiting."""

    status: int = 0
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cut: int = 0
    wait_s: float = 0.0


Faults = Callable[[str, int], Fault | None]


class LoopbackServer:
    """Serves {path: bytes} on 127.0.0.1 while in a `with` block.

    faults(path, n): what goes wrong with the n-th request (from 1) for a path, or None.
    asked: how often each path was asked for; headers: those of the last request for each.
    """

    def __init__(self, files: Mapping[str, bytes], faults: Faults | None = None, etag: str = '"1"'):
        self.files = dict(files)
        self.faults = faults or (lambda path, n: None)
        self.etag = etag
        self.asked: Counter[str] = Counter()
        self.headers: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def host(self) -> str:
        """ "127.0.0.1:port"."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """http://127.0.0.1:port."""
        return f"http://{self.host}"

    def __enter__(self) -> LoopbackServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler_of(server: LoopbackServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # an answer leaves in one piece

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            server.asked[path] += 1
            server.headers[path] = dict(self.headers)
            fault = server.faults(path, server.asked[path]) or Fault()
            time.sleep(fault.wait_s)
            body = server.files.get(path) if fault.body is None else fault.body
            status, headers, body = self._plain(body) if body is None or fault.status else self._ranged(body)
            self._answer(fault.status or status, {**headers, **dict(fault.headers)}, body, fault.cut)

        def _plain(self, body: bytes | None) -> tuple[int, dict[str, str], bytes]:
            return 404, {}, body or b"not found"

        def _ranged(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if wanted is None:
                return 200, {"ETag": server.etag}, body
            first, last = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
            told = {"Content-Range": f"bytes {first}-{last}/{len(body)}", "ETag": server.etag}
            return 206, told, body[first : last + 1]

        def _answer(self, status: int, headers: Mapping[str, str], body: bytes, cut: int) -> None:
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: len(body) - cut])
                self.wfile.flush()
            except ConnectionError:  # the other side has had enough
                self.close_connection = True
            if cut:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler
