"""Hosts this package may talk to: Kalshi's own over HTTPS, anything else on loopback only."""

from __future__ import annotations

from urllib.parse import urlsplit

from kalshi.errors import ConfigError

API_PATH = "/trade-api/v2"
LIVE_BASE = f"https://external-api.kalshi.com{API_PATH}"
DEMO_BASE = f"https://external-api.demo.kalshi.co{API_PATH}"
# The reserved top-level domain "invalid" never resolves: if the in-process adapter
# were missing, a paper order could reach nobody.
PAPER_BASE = f"https://paper.invalid{API_PATH}"

ALLOWED_HTTPS_HOSTS = frozenset(
    {
        "external-api.kalshi.com",
        "api.elections.kalshi.com",
        "external-api.demo.kalshi.co",
        "demo-api.kalshi.co",
        "paper.invalid",
    }
)
LIVE_HOSTS = frozenset({"external-api.kalshi.com", "api.elections.kalshi.com"})
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback(url: str) -> bool:
    """Return whether *url* names this machine by a loopback address."""
    return (urlsplit(url).hostname or "") in LOOPBACK_HOSTS


def is_live(url: str) -> bool:
    """Return whether an order sent to *url* would trade real money."""
    return (urlsplit(url).hostname or "") in LIVE_HOSTS


def mode_of_host(url: str) -> str:
    """Return the one mode an allowed host belongs to, or "" for loopback, which serves all."""
    if is_loopback(url):
        return ""
    if urlsplit(url).hostname == urlsplit(PAPER_BASE).hostname:
        return "paper"
    return "live" if is_live(url) else "demo"


def check_api_base(url: str) -> str:
    """Return *url* without a trailing slash, or raise ConfigError naming what is not allowed.

    Accepted: https to one of Kalshi's hosts, http or https to a loopback address; the path must be
    /trade-api/v2 because it is part of every signature.
    """
    base = url.strip().rstrip("/")
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(f"API base {url!r} is not a URL ({error}); example: {LIVE_BASE}") from None
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError("API base must not carry a user name, a query or a fragment")
    if host in LOOPBACK_HOSTS and parts.scheme in ("http", "https"):
        pass
    elif parts.scheme != "https" or host not in ALLOWED_HTTPS_HOSTS:
        raise ConfigError(
            f"API base {url!r} is not allowed: use https with one of "
            f"{', '.join(sorted(ALLOWED_HTTPS_HOSTS))}, or http on 127.0.0.1"
        )
    if parts.path != API_PATH:
        raise ConfigError(f"API base {url!r} must end in {API_PATH}, for example {LIVE_BASE}")
    return base
