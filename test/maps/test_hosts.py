"""Whom MoViX speaks to, and whom a site file can not make it speak to."""

import pytest

from movix_core.errors import FetchError
from movix_core.maps.hosts import Hosts, host_entry, origin_of

HOSTS = Hosts(["tiles.example.org", "maps.example.org:8443"], ["cache.local"])


@pytest.mark.parametrize(
    "url",
    ["https://tiles.example.org/1", "http://TILES.example.org:80/", "https://maps.example.org:8443/x", "http://cache.local/"],
)  # fmt: skip
def test_named_hosts(url):
    HOSTS.check_url(url)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://evil.example.org/", "not named"),
        ("https://tiles.example.org:22/", "not named"),
        ("https://maps.example.org/", "not named"),
        ("https://tiles.example.org.evil.org/", "not named"),
        ("https://user@tiles.example.org/", "user name"),
        ("https://tiles.example.org@evil.org/", "user name"),
        ("file:///etc/passwd", "only http and https"),
        ("ftp://tiles.example.org/", "only http and https"),
        ("//tiles.example.org/", "only http and https"),
        ("https:///tiles", "https://host"),
        ("https://[broken/", "can not be parsed"),
    ],
)
def test_all_others_are_refused(url, message):
    with pytest.raises(FetchError, match=message):
        HOSTS.check_url(url)


@pytest.mark.parametrize(
    "ip",
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1", "fe80::1",
     "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1"],
)  # fmt: skip
def test_private_addresses_are_refused_whatever_they_are_called(ip):
    with pytest.raises(FetchError, match="private_hosts"):
        HOSTS.check_address("tiles.example.org", 443, ip)
    HOSTS.check_address("cache.local", 80, ip)


@pytest.mark.parametrize("ip", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_pass(ip):
    HOSTS.check_address("tiles.example.org", 443, ip)


def test_entries_and_origins_show_no_path():
    assert host_entry("https://a.org/x?key=1") == "a.org"
    assert host_entry("http://a.org:8080/x") == "a.org:8080"
    assert origin_of("https://a.org/x?key=1") == "https://a.org:443"
