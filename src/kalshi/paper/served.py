"""The HTTP face: Starlette on uvicorn in front of `PaperExchange.handle`, which decides everything.

One thread does the work, in the order in which requests came in; what came in while the disk was busy is
written together and answered afterwards. Only this module imports Starlette and uvicorn.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from kalshi.errors import ConfigError, StoreError
from kalshi.exchange.hosts import API_PATH
from kalshi.paper.exchange import MAX_BODY_BYTES
from kalshi.paper.faults import COMPLETE, CUT, LOST, Asked, Faults, Reply
from kalshi.paper.served_control import is_loopback

BODY_WAIT_S = 15.0
HEADERS_WAIT_S = 15.0
IDLE_WAIT_S = 75
STOP_WAIT_S = 5
MAX_CONNECTIONS = 512
MAX_TOGETHER = 64
MAX_HEADER_BYTES = 32_768
Beside = Callable[[str, str, Mapping[str, str], bytes, str], tuple[int, dict[str, str], bytes]]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
_TRANSPORT: contextvars.ContextVar[asyncio.Transport | None] = contextvars.ContextVar("transport", default=None)

log = logging.getLogger(__name__)


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets an answer find its connection, so that a lost answer can be staged.

    A connection whose first request, or a request that was begun, does not bring all its headers in time is closed.
    """

    headers_wait_s = HEADERS_WAIT_S
    _impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        _TRANSPORT.set(self.transport)
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._calm()
        elif self.cycle is None or self.cycle.response_complete:
            self._await_headers()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.trailing_data[0] and self.cycle is not None and self.cycle.response_complete:
            self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        if self._impatience is None:
            self._impatience = self.loop.call_later(self.headers_wait_s, self.transport.close)

    def _calm(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None


class _Spoiled(Response):
    """An answer that never comes, or stops in the middle."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(status_code=reply.status, headers=reply.headers)
        self.reply = reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = _TRANSPORT.get()
        if self.reply.ending == CUT:
            headers = [(name.lower().encode(), value.encode()) for name, value in self.reply.headers.items()]
            await send({"type": "http.response.start", "status": self.reply.status, "headers": headers})
            part = self.reply.body[: len(self.reply.body) // 2]
            await send({"type": "http.response.body", "body": part, "more_body": True})
        if transport is not None:
            transport.close()
        await asyncio.sleep(0.01)  # until the loop has seen that the connection is gone


class _Engine:
    """Decides requests in the order in which they came in; those that wait together share one write to disk."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._waiting: list[tuple[Asked, asyncio.Future[Reply]]] = []
        self._work: asyncio.Task[None] | None = None

    async def decide(self, asked: Asked) -> Reply:
        """Return the answer to one request, after it is on disk."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._decide_waiting())
        return await answer

    async def _decide_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
            work = loop.run_in_executor(self._thread, self._faults.handle_many, [asked for asked, _ in batch])
            await asyncio.wait([work])
            error = work.exception()
            for number, (_, answer) in enumerate(batch):
                if answer.done():
                    continue  # the caller is gone
                if error is not None:
                    answer.set_exception(error)
                else:
                    answer.set_result(work.result()[number])


def application(
    faults: Faults, *, body_wait_s: float = BODY_WAIT_S, beside: Beside | None = None, control: Route | None = None
) -> Starlette:
    """Return the ASGI application in front of *faults* (and the exchange behind it).

    beside: answers what is not below /trade-api/, such as the page: (method, target, headers, body, caller's address)
    to (status, headers, body). control: see `served_control`.
    """
    engine = _Engine(faults)

    async def answer(request: Request) -> Response:
        try:
            body = await asyncio.wait_for(_body(request), body_wait_s)
        except TimeoutError:
            return _problem(408, "bad_request", "the body came too slowly")
        if body is None:
            return _problem(413, "bad_request", "body too large")
        path = request.scope.get("raw_path") or request.scope["path"].encode()
        query = request.scope["query_string"]
        target = (path + b"?" + query if query else path).decode("latin-1")
        try:
            reply = await engine.decide((request.method, target, dict(request.headers), body))
        except StoreError as error:
            log.error("%s", error)
            return _problem(503, "internal_error", "the state file can not be used")
        if reply.delay_s:
            await asyncio.sleep(reply.delay_s)
        if reply.ending in (LOST, CUT):
            return _Spoiled(reply)
        assert reply.ending == COMPLETE
        headers = reply.headers if reply.body else {n: v for n, v in reply.headers.items() if n != "Content-Length"}
        return Response(reply.body, reply.status, headers)

    async def home(request: Request) -> Response:
        return PlainTextResponse(f"A paper exchange. No real money, no real orders. The API is under {API_PATH}.\n")

    async def aside(request: Request) -> Response:
        assert beside is not None
        try:
            body = await asyncio.wait_for(_body(request), body_wait_s)
        except TimeoutError:
            return _problem(408, "bad_request", "the body came too slowly")
        if body is None:
            return _problem(413, "bad_request", "body too large")
        query = request.scope["query_string"].decode("latin-1")
        target = request.scope["path"] + (f"?{query}" if query else "")
        peer = request.client.host if request.client else ""
        try:
            status, headers, content = await asyncio.to_thread(
                beside, request.method, target, dict(request.headers), body, peer
            )
        except StoreError as error:
            log.error("%s", error)
            return _problem(503, "internal_error", "the state file can not be used")
        return Response(content, status, headers)

    async def crashed(request: Request, error: Exception) -> Response:
        return _problem(500, "internal_error", "the paper exchange failed; its log says why")

    async def left(request: Request, error: Exception) -> Response:
        return Response(status_code=400)

    routes = [Route("/", home), *([control] if control else []), Route("/{path:path}", answer, methods=METHODS)]
    if beside is not None:
        routes = [
            Route("/", aside, methods=METHODS),
            Route("/page/{path:path}", aside, methods=METHODS),
            Route("/simulated/{path:path}", aside, methods=METHODS),
            *routes,
        ]
    return Starlette(routes=routes, exception_handlers={Exception: crashed, ClientDisconnect: left})


async def _body(request: Request) -> bytes | None:
    """Return the body, None when it is larger than accepted; never more than that is kept."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _problem(status: int, code: str, message: str) -> Response:
    hanging = {"Connection": "close"} if status in (408, 413) else {}  # the rest of the body is not waited for
    return JSONResponse({"error": {"code": code, "message": message}}, status, hanging)


def listen(host: str, port: int, *, allow_remote: bool = False) -> socket.socket:
    """Return a listening socket. port 0: any free one.

    Raises ConfigError when *host* is not a loopback address and *allow_remote* was not said, or it can not be bound.
    """
    if not allow_remote and not is_loopback(host):
        raise ConfigError(f"host {host!r} is not loopback: others could trade there; add --allow-remote if so meant")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be said: asyncio switches Nagle's delay (40 ms an answer) off only where it reads TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigError(f"{host}:{port} can not be used ({error}): choose another --port") from None
    return listener


class _Server(uvicorn.Server):
    """A server that stops cleanly on SIGTERM and SIGINT and then returns, instead of dying by the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        yield

    def stop(self) -> None:
        """Finish what is running, then end."""
        self.should_exit = True


def serve(
    app: Starlette,
    listener: socket.socket,
    *,
    every_s: float = 1.0,
    tick: Callable[[], None] | None = None,
    headers_wait_s: float = HEADERS_WAIT_S,
) -> None:
    """Serve until SIGTERM or SIGINT. tick: called every *every_s* seconds, for a feed.

    headers_wait_s: how long the headers of a request may take.
    """
    config = uvicorn.Config(
        app,
        http=type("Protocol", (_Protocol,), {"headers_wait_s": headers_wait_s}),
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_WAIT_S,
        timeout_graceful_shutdown=STOP_WAIT_S,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    asyncio.run(_serve(_Server(config), listener, every_s, tick))


async def _serve(
    server: _Server, listener: socket.socket, every_s: float, tick: Callable[[], None] | None
) -> None:
    ticking = asyncio.create_task(_tick(server, every_s, tick)) if tick is not None else None
    await server.serve(sockets=[listener])
    if ticking is not None:
        await ticking


async def _tick(server: _Server, every_s: float, tick: Callable[[], None]) -> None:
    while not server.should_exit:
        await asyncio.to_thread(tick)
        await asyncio.sleep(every_s)
