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

from kalshi.exchange.hosts import API_PATH
from kalshi.exchange.signing import signed_headers
from kalshi.paper.adapter import PaperAdapter
from kalshi.paper.routes import ROUTES
from paper import specification

if not specification.where().exists():
    pytest.skip(f"{specification.where()} is not on this machine", allow_module_level=True)

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
)

EXAMPLES = 8
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
            elif verb in operations:
                operations[verb].pop("security", None)  # all are signed below; unsigned ones have tests of their own
        if not set(operations) & {"get", "post", "put", "delete"}:
            del whole["paths"][path]
    whole["components"]["schemas"]["ErrorResponse"] = {"type": "object"}
    whole["components"].pop("securitySchemes", None)
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

    def call(case: Any) -> Response:
        kwargs = case.as_transport_kwargs(base_url=BASE + API_PATH)
        kwargs.pop("timeout", None)
        prepared = session.prepare_request(requests.Request(**kwargs))
        path = prepared.path_url.partition("?")[0]
        stamp = int(house.now.timestamp() * 1000)
        prepared.headers.update(signed_headers(alice.credentials, stamp, prepared.method or "GET", path))
        answer = session.send(prepared)
        headers = {name: [text] for name, text in answer.headers.items()}
        return Response(answer.status_code, headers, answer.content, prepared, 0.0, verify=False, encoding="utf-8")

    return house, call


def has_data(operation: Any) -> bool:
    """Return whether there is anything to get wrong: names in a path can be any text."""
    return bool(list(operation.query)) or bool(list(operation.body))


def has_null(body: Any) -> bool:
    return isinstance(body, dict) and None in body.values()


CASES = [(one, "positive") for one in OPERATIONS] + [(one, "negative") for one in OPERATIONS if has_data(one)]


@pytest.mark.parametrize("operation, mode", CASES, ids=[f"{names(one)} {mode}" for one, mode in CASES])
def test_generated_requests_are_answered_as_specified(send, operation, mode):
    house, call = send
    generation = schemathesis.GenerationMode.POSITIVE if mode == "positive" else schemathesis.GenerationMode.NEGATIVE
    declared = {int(status) for status in operation.definition.raw["responses"] if status.isdigit()}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=generation))
    def ask(case: Any) -> None:
        answer = call(case)
        assert answer.status_code in declared | ALSO, (answer.status_code, answer.content)
        assert b"Traceback" not in answer.content
        checks = [not_a_server_error]
        if answer.status_code < 300:
            checks += [response_schema_conformance, content_type_conformance]
        # A bad item of a batch is an error of that item only, and null counts as absent.
        if mode == "negative" and "/batched" not in operation.path and not has_null(case.body):
            checks.append(negative_data_rejection)
        case.validate_response(answer, checks=checks)
        assert house.money() == 0

    ask()
