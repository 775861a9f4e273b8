"""The paper exchange as a transport of requests: real requests in, real responses out, no socket between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from kalshi.paper.exchange import PaperExchange


class PaperAdapter(BaseAdapter):
    """Mount it on a session for the paper base URL; every request of that session goes to *exchange*."""

    def __init__(self, exchange: PaperExchange) -> None:
        super().__init__()
        self.exchange = exchange

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer one prepared request. Raises StoreError when the state file fails; then nothing was done."""
        body: Any = request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        status, headers, answer = self.exchange.handle(
            request.method or "GET", request.path_url, dict(request.headers), content
        )
        response = requests.Response()
        response.status_code = status
        response.headers = CaseInsensitiveDict(headers)
        response.reason = ""
        response.url = request.url or ""
        response.request = request
        response.encoding = "utf-8"
        response._content = answer
        return response

    def close(self) -> None:
        """Close the state file."""
        self.exchange.close()
