"""The fetcher against a real server that misbehaves."""

import logging
import socket
import traceback

import pytest

from movix_core.errors import FetchError
from movix_core.evaluation.imagery.loopback import Fault, LoopbackServer
from movix_core.maps import fetcher
from movix_core.maps.fetcher import Fetcher, Request
from movix_core.maps.hosts import Hosts


def fetch(server, path, *, hosts=None, headers=None, byte_range=None, max_bytes=1 << 20, **settings):
    told = {"retries": 2, "backoff_s": 0.001, "timeout_s": 5.0} | settings
    fetcher = Fetcher(hosts or Hosts([], [server.host]), **told)
    try:
        return fetcher.get(Request(server.url + path, headers or {}, byte_range=byte_range, max_bytes=max_bytes))
    finally:
        fetcher.close()


def failing(*faults):
    """The first requests fail so; then all is well."""
    return lambda path, n: faults[n - 1] if n <= len(faults) else None


@pytest.mark.parametrize(
    "faults",
    [
        failing(Fault(status=500), Fault(status=503)),
        failing(Fault(status=429, headers=(("Retry-After", "0"),))),
        failing(Fault(cut=3), Fault(cut=1)),
    ],
)
def test_passing_failures_are_tried_again(faults):
    with LoopbackServer({"/a": b"hello"}, faults) as server:
        assert fetch(server, "/a").body == b"hello"
        assert server.asked["/a"] > 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault(status=500), "answers 500 .*3 tries"),
        (Fault(cut=1), "broke off .*3 tries"),
        (Fault(wait_s=1.0), "no answer in time"),
        (Fault(headers=(("Content-Encoding", "gzip"),)), "unpacked"),
        (Fault(status=403), "answers 403 .not allowed"),
        (Fault(status=302, headers=(("Location", "file:///etc/passwd"),)), "only http and https"),
        (Fault(status=302, headers=(("Location", "http://evil.example.org/"),)), "evil.example.org:80 is not named"),
        (Fault(status=302, headers=(("Location", "http://localhost:1/"),)), "localhost:1 is not named"),
        (Fault(status=302, headers=(("Location", "/a"),)), "more than 5 redirects"),
    ],
)  # fmt: skip
def test_lasting_failures_are_told(fault, message):
    with LoopbackServer({"/a": b"hello"}, lambda path, n: fault) as server, pytest.raises(FetchError, match=message):
        fetch(server, "/a", timeout_s=0.2)


def test_a_trickle_ends_at_the_deadline():
    body = b"x" * (1 << 20)
    with LoopbackServer({"/a": body}) as server, pytest.raises(FetchError, match=r"took more than -1 s"):
        fetch(server, "/a", deadline_s=-1.0)


def test_absent_is_no_error():
    with LoopbackServer({}) as server:
        assert fetch(server, "/gone") is None


def test_no_more_bytes_come_than_are_allowed():
    with LoopbackServer({"/a": b"x" * 1000}, lambda path, n: Fault(headers=(("Content-Length", "1000"),))) as server:
        with pytest.raises(FetchError, match="more than 999 bytes"):
            fetch(server, "/a", max_bytes=999)
        assert len(fetch(server, "/a", max_bytes=1000).body) == 1000


def test_byte_ranges_know_the_whole():
    with LoopbackServer({"/a": b"0123456789"}) as server:
        answer = fetch(server, "/a", byte_range=(4, 100))
        assert (answer.body, answer.total_bytes, answer.etag) == (b"456789", 10, '"1"')


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault(status=200, body=b"0123456789"), "does not serve parts"),
        (Fault(body=b"4567", headers=(("Content-Range", "bytes 3-6/10"),)), "another part"),
    ],
)
def test_a_server_that_sends_another_range_is_not_believed(fault, message):
    with (
        LoopbackServer({"/a": b"0123456789"}, lambda path, n: fault) as server,
        pytest.raises(FetchError, match=message),
    ):
        fetch(server, "/a", byte_range=(4, 8))


def test_this_machine_is_refused_unless_the_site_allows_it():
    with LoopbackServer({"/a": b""}) as server:
        with pytest.raises(FetchError, match=r"127\.0\.0\.1, a private address"):
            fetch(server, "/a", hosts=Hosts([server.host]))
        assert not server.asked


def test_a_redirect_to_this_machine_under_an_allowed_name_is_refused():
    """The name resolves to loopback only when it is connected to."""
    with LoopbackServer({}) as inner:
        port = inner.host.partition(":")[2]
        location = (("Location", f"http://localhost:{port}/secret"),)
        redirect = Fault(status=302, headers=location)
        with (
            LoopbackServer({}, lambda path, n: redirect) as outer,
            pytest.raises(FetchError, match="private address"),
        ):
            fetch(outer, "/a", hosts=Hosts([f"localhost:{port}"], [outer.host]))
        assert not inner.asked


def test_a_redirect_to_http_is_refused_however_it_is_written():
    """From https, which no server here speaks: asked of the rule alone."""
    for target in ("http://a.example.org/x", "HTTP://a.example.org/x"):
        with pytest.raises(FetchError, match="from https to http"):
            fetcher._headers_after_redirect({}, "https://a.example.org/", target, Request("https://a.example.org/"))


def test_every_address_of_a_host_is_tried(monkeypatch):
    """As of `localhost`, which often is ::1 first."""
    known = socket.getaddrinfo

    def found(host, port, *rest, **more):
        others = known("127.0.0.2", port, *rest, **more) if host == "localhost" else []  # nobody listens there
        return [*others, *known(host, port, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with LoopbackServer({"/a": b"hello"}) as server:
        port = server.host.partition(":")[2]
        request = Request(f"http://localhost:{port}/a")
        assert Fetcher(Hosts([], [f"localhost:{port}"]), retries=0).get(request).body == b"hello"


def test_keys_come_from_the_environment_and_show_nowhere(monkeypatch, caplog):
    monkeypatch.setenv("MOVIX_TEST_KEY", "s3cret&=")
    caplog.set_level(logging.DEBUG, "movix_core")
    with LoopbackServer({"/a": b"hello"}) as server:
        headers = {"Authorization": "Bearer {env:MOVIX_TEST_KEY}"}
        assert fetch(server, "/a?key={env:MOVIX_TEST_KEY}", headers=headers).body == b"hello"
        assert server.headers["/a"]["Authorization"] == "Bearer s3cret&="
        server.faults = lambda path, n: Fault(status=403)
        with pytest.raises(FetchError) as refused:
            fetch(server, "/a?key={env:MOVIX_TEST_KEY}", headers=headers)
        server.faults = lambda path, n: Fault(cut=1)
        with pytest.raises(FetchError) as broken:
            fetch(server, "/a?key={env:MOVIX_TEST_KEY}", headers=headers)
    for error in (refused, broken):
        text = "".join(traceback.format_exception(error.value)) + caplog.text
        assert "s3cret" not in text and "{env:MOVIX_TEST_KEY}" in text


def test_headers_do_not_follow_to_another_host(monkeypatch):
    monkeypatch.setenv("MOVIX_TEST_KEY", "secret")
    with LoopbackServer({"/b": b"there"}) as second:
        redirect = Fault(status=302, headers=(("Location", second.url + "/b"),))
        with LoopbackServer({}, lambda path, n: redirect) as first:
            hosts = Hosts([], [first.host, second.host])
            answer = fetch(first, "/a", hosts=hosts, headers={"X-Key": "{env:MOVIX_TEST_KEY}"})
        assert answer.body == b"there"
        assert first.headers["/a"]["X-Key"] == "secret" and "X-Key" not in second.headers["/b"]


@pytest.mark.parametrize("name", ["HOME", "AWS_SECRET_ACCESS_KEY", "MOVIX_NOT_SET"])
def test_a_site_can_not_ask_for_other_secrets(name):
    with LoopbackServer({"/a": b""}) as server, pytest.raises(FetchError, match=name):
        fetch(server, f"/a?k={{env:{name}}}")


def test_cookies_and_proxies_are_not_used(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example.org:1")
    with LoopbackServer({"/a": b"x"}, lambda path, n: Fault(headers=(("Set-Cookie", "a=b"),))) as server:
        fetcher = Fetcher(Hosts([], [server.host]))
        for _ in range(2):
            fetcher.get(Request(server.url + "/a"))
        fetcher.close()
        assert "Cookie" not in server.headers["/a"]


def test_a_stopped_fetcher_fails_at_once():
    with LoopbackServer({"/a": b"x"}) as server:
        fetcher = Fetcher(Hosts([], [server.host]))
        fetcher.stop()
        with pytest.raises(FetchError, match="stopped"):
            fetcher.get(Request(server.url + "/a"))
