"""Every answer that a paper exchange gives in this process, in whatever test, is held to the specification.

And a store for each database: `store_place` and `store` run their test on SQLite and on PostgreSQL, see `databases`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import msgspec
import pytest

from databases import BOTH, new_database, new_place
from kalshi.exchange.hosts import API_PATH
from kalshi.paper.exchange import PaperExchange
from kalshi.paper.routes import find_route
from kalshi.store import Store
from kalshi.store.place import Place
from paper import specification


def pytest_configure() -> None:
    """Let processes that tests start be interrupted: a shell that runs the tests in the background ignores Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def answers_follow_the_specification(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look at each answer on its way out and change nothing; without the specification there is nothing to do."""
    if not specification.where().exists():
        yield
        return
    decided = PaperExchange.handle
    problems: list[str] = []

    @wraps(decided)
    def handle(self: PaperExchange, method: str, target: str, *rest: Any) -> Any:
        answer = decided(self, method, target, *rest)
        found = find_route(method.upper(), target.partition("?")[0].removeprefix(API_PATH))
        if found is not None and len(problems) < 10:
            status, _, body = answer
            wire = msgspec.json.decode(body) if body else None
            wrong = specification.problems_of(method.upper(), found[0].path, status, wire)
            problems.extend(f"{method} {target} {status}: {one}" for one in wrong)
        return answer

    monkeypatch.setattr(PaperExchange, "handle", handle)
    yield
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[str]:
    """The URL of a PostgreSQL database that is this test process's own; see `databases`."""
    with new_database() as url:
        yield url


@pytest.fixture(params=BOTH)
def store_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place for a store, on SQLite and on PostgreSQL in turn."""
    database = request.getfixturevalue("postgresql_database") if request.param == "postgresql" else ""
    return new_place(request.param, tmp_path, database)


@pytest.fixture
def store(store_place: Place) -> Iterator[Store]:
    """An empty store, on SQLite and on PostgreSQL in turn."""
    store = Store.open(store_place)
    yield store
    store.close()
