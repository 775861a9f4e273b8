"""What is served beside the exchange's API: the page for a person and the index behind made-up ladders."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from kalshi.paper.feed_source import PREFIX, IndexSource
from kalshi.paper.page import JSON, Answered, Page


def beside(
    page: Page, source: IndexSource | None
) -> Callable[[str, str, Mapping[str, str], bytes, str], Answered]:
    """Return what answers (method, target, headers, body, caller's address) outside of the API."""

    def answer(method: str, target: str, headers: Mapping[str, str], body: bytes, peer: str) -> Answered:
        if target.startswith(PREFIX):
            if source is None or method != "GET":
                return 404, JSON, msgspec.json.encode({"error": "no simulated feed with an index runs here"})
            status, told = source.answer(target.partition("?")[0])
            return status, JSON, msgspec.json.encode(told)
        return page.handle(method, target, headers, body, peer)

    return answer
