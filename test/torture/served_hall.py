"""The hall of the desk's tests with a real socket in its middle: the exchange is served, faults happen on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from kalshi.clients import ExchangeClient
from kalshi.paper import served
from kalshi.paper.faults import Faults, Rule, Scenario
from trading.harness import Hall

NEVER = Rule(do="stale", method="NONE")  # makes the faults remember answers, so that a stale one can be staged


class _Server(uvicorn.Server):
    """A server in a thread: signals are the main thread's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ServedHall(Hall):
    """A hall whose client talks HTTP. `faults.stage` breaks what comes next."""

    def __init__(self, folder: Path) -> None:
        self.base = ""
        super().__init__(folder)
        self.faults = Faults(self.exchange, Scenario([NEVER]))
        self._listener = served.listen("127.0.0.1", 0)
        host, port = self._listener.getsockname()[:2]
        config = uvicorn.Config(
            served.application(self.faults), http=served._Protocol, ws="none", lifespan="off", loop="asyncio",
            log_config=None, access_log=False, date_header=False, server_header=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._server.serve(sockets=[self._listener])), daemon=True
        )
        self._thread.start()
        self.base = f"http://{host}:{port}/trade-api/v2"
        self.client = self.new_client()

    def new_client(self) -> ExchangeClient:
        if not self.base:
            return super().new_client()
        seconds = lambda: self.now.timestamp()  # noqa: E731
        return ExchangeClient(
            self.base, self.credentials, clock=seconds, monotonic=seconds, sleep=self.sleep, random=lambda: 0.5,
            timeout_s=(2.0, 0.4),
        )  # fmt: skip

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()
        super().close()
