"""Generated requests to every operation that is here, good ones and bad ones: what comes back is as specified.

schemathesis makes the data and checks the answers; reference/paper_exchange.md lists where the answers differ from the
specification on purpose.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from paper import specification

from kalshi.exchange.hosts import API_PATH
from kalshi.exchange.signing import signed_headers
from kalshi.paper.adapter import PaperAdapter
from kalshi.paper.routes import PUBLIC, ROUTES

if not specification.where().exists():
    pytest.skip(f"{specification.where()} is not on this machine", allow_module_level=True)

import schemathesis  # noqa: E402  it takes a second
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
)

EXAMPLES = 12
BASE = "http://127.0.0.1"
# Statuses that the specification forgets to declare and the real exchange answers.
ALSO = {400, 403, 404, 409}


def plain(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


def document() -> dict[str, Any]:
    """Return the specification of the operations that are here, with the four shapes of refusals for one."""
    whole = copy.deepcopy(specification.document())
    ours = {(route.method.lower(), plain(route.path)) for route in ROUTES}
    for path, operations in list(whole["paths"].items()):
        for verb in list(operations):
            if verb in ("get", "post", "put", "delete") and (verb, plain(path)) not in ours:
                del operations[verb]
        if not set(operations) & {"get", "post", "put", "delete"}:
            del whole["paths"][path]
    whole["components"]["schemas"]["ErrorResponse"] = {"type": "object"}
    return whole


SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
ACCESS = {(route.method, plain(route.path)): route.access for route in ROUTES}


def names(operation: Any) -> str:
    return f"{operation.method.upper()} {operation.path}"


@pytest.fixture
def send(house: Any) -> Any:
    """Send a generated case as alice, who has an order, a position and two subaccounts."""
    house.show(bids=[("0.30", "50")], asks=[("0.40", "50")])
    alice = house.member("alice", "1000000", tier="premier")
    alice.order("bid", "0.40", "2", tif="immediate_or_cancel")
    alice.order("bid", "0.20", "2")
    alice.call("POST", "/portfolio/subaccounts")
    session = requests.Session()
    session.mount(BASE, PaperAdapter(house.exchange))

    def call(case: Any) -> requests.Response:
        kwargs = case.as_transport_kwargs(base_url=BASE + API_PATH)
        kwargs.pop("timeout", None)
        prepared = session.prepare_request(requests.Request(**kwargs))
        path = prepared.path_url.partition("?")[0]
        stamp = int(house.now.timestamp() * 1000)
        prepared.headers.update(signed_headers(alice.credentials, stamp, prepared.method or "GET", path))
        return session.send(prepared)

    return house, call


@pytest.mark.parametrize("operation", OPERATIONS, ids=names)
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_generated_requests_are_answered_as_specified(send, operation, mode):
    house, call = send
    generation = schemathesis.GenerationMode.POSITIVE if mode == "positive" else schemathesis.GenerationMode.NEGATIVE
    declared = {int(status) for status in operation.definition.raw["responses"] if status.isdigit()}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=generation))
    def ask(case: Any) -> None:
        answer = call(case)
        assert answer.status_code in declared | ALSO, (answer.status_code, answer.text)
        assert "Traceback" not in answer.text
        checks = [not_a_server_error]
        if answer.status_code < 300:
            checks += [response_schema_conformance, content_type_conformance]
        if mode == "negative":
            checks.append(negative_data_rejection)
        case.validate_response(answer, checks=checks)
        assert house.money() == 0

    ask()
