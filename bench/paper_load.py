"""Load for a served exchange: signed requests over kept connections, from this process, as lean as Python allows.

Requests are signed before the clock runs, each with its own stamp; what is measured is the server and one loop that
sends and receives bytes.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from kalshi.exchange.signing import Credentials, signed_headers


def request(credentials: Credentials, netloc: str, method: str, path: str, body: bytes = b"") -> bytes:
    """Return one whole signed request."""
    headers = signed_headers(credentials, int(time.time() * 1000), method, path.partition("?")[0])
    lines = [f"{method} {path} HTTP/1.1", f"Host: {netloc}", *(f"{name}: {text}" for name, text in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _Caller(asyncio.Protocol):
    """Sends its requests one after the other over one connection and notes how long each took."""

    def __init__(self, requests: list[bytes], done: asyncio.Future[None]) -> None:
        self.requests, self.done = requests, done
        self.taken: list[float] = []
        self.statuses: dict[bytes, int] = {}
        self._got, self._number, self._began = b"", 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, rest = self._got.partition(b"\r\n\r\n")
        if not found or len(rest) < _length(head):
            return
        self.taken.append(time.perf_counter() - self._began)
        status = head[9:12]
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self._got = b""
        self._number += 1
        if self._number < len(self.requests):
            self._send()
        else:
            self.done.set_result(None)
            self.transport.close()

    def _send(self) -> None:
        self._began = time.perf_counter()
        self.transport.write(self.requests[self._number])


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError(f"no content-length in {head!r}")


def measure(netloc: str, requests: list[bytes], connections: int) -> tuple[list[float], float, dict[bytes, int]]:
    """Return (seconds of each request, seconds of the whole, count by status) over so many connections at once."""
    return asyncio.run(_measure(netloc, requests, connections))


async def _measure(netloc: str, requests: list[bytes], connections: int) -> tuple[list[float], float, dict[bytes, int]]:
    loop = asyncio.get_running_loop()
    parts = urlsplit(f"//{netloc}")
    callers = [_Caller(requests[number::connections], loop.create_future()) for number in range(connections)]
    began = time.perf_counter()
    for caller in callers:
        await loop.create_connection(lambda caller=caller: caller, parts.hostname, parts.port)  # type: ignore[misc]
    await asyncio.gather(*(caller.done for caller in callers))
    seconds = time.perf_counter() - began
    statuses: dict[bytes, int] = {}
    for caller in callers:
        for status, times in caller.statuses.items():
            statuses[status] = statuses.get(status, 0) + times
    return [one for caller in callers for one in caller.taken], seconds, statuses


def report(name: str, taken: list[float], seconds: float, what: str = "orders/s") -> float:
    """Print one line; return how many a second."""
    p50, p99 = statistics.median(taken) * 1000, statistics.quantiles(taken, n=100)[98] * 1000
    print(f"{name:52} {len(taken) / seconds:8.0f} {what}   p50 {p50:7.2f} ms   p99 {p99:7.2f} ms", flush=True)
    return len(taken) / seconds


@contextmanager
def served(state: Path, *options: str) -> Iterator[str]:
    """Serve *state* from another process; give its host and port."""
    command = [sys.executable, "-m", "kalshi.paper", "--state", str(state), "--port", "0", "--tier", "none"]
    command += ["--date", "2026-10-06T10:00", *options]
    environment = {**os.environ, "KALSHI_MODE": "paper"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    base = process.stdout.readline().split()[-1]
    try:
        yield urlsplit(base).netloc
    finally:
        process.terminate()
        process.wait()
