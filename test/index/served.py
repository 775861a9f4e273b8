"""A paper exchange behind a real socket on loopback, with a count of the requests it saw."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kalshi.paper.exchange import PaperExchange


@contextmanager
def served(exchange: PaperExchange) -> Iterator[tuple[str, list[str]]]:
    """Yield the base URL and the growing list of `METHOD path` of *exchange*."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            seen.append(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = exchange.handle(self.command, self.path, dict(self.headers), body)
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/trade-api/v2", seen
    finally:
        server.shutdown()
        server.server_close()
