"""Only the desk's room calls what places, changes or cancels orders."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"
WRITES = {
    "create_order", "create_orders", "cancel_order", "cancel_orders", "cancel_all_orders", "amend_order",
    "decrease_order", "written", "write_only",
}
WRITE_PATHS = ("/portfolio/events/orders",)
# The desk; the client and its endpoints, which are what it calls; the exchange on the other side.
MAY = (
    "kalshi/trading/", "kalshi/exchange/endpoints_", "kalshi/exchange/pacing.py", "kalshi/clients.py",
    "kalshi/paper/",
)


def offences(text: str) -> list[str]:
    """Return what in *text* reaches for an endpoint that writes: a name, a string for getattr, a path."""
    found = []
    for node in ast.walk(ast.parse(text)):
        name = ""
        if isinstance(node, ast.Attribute):
            name = node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value if node.value in WRITES or node.value.startswith(WRITE_PATHS) else ""
        if name in WRITES or name.startswith(WRITE_PATHS):
            found.append(f"line {getattr(node, 'lineno', 0)}: {name}")
    return found


def test_nothing_else_places_changes_or_cancels_orders() -> None:
    files = {path.relative_to(SRC).as_posix(): path for path in SRC.rglob("*.py")}
    assert "kalshi/trading/submit.py" in files
    found = {
        name: problems
        for name, path in files.items()
        if not name.startswith(MAY) and (problems := offences(path.read_text(encoding="utf-8")))
    }
    assert not found, f"hand an Intent to Desk.submit instead: {found}"


@pytest.mark.parametrize(
    "text",
    [
        "client.create_order(order)",
        "place = run.exchange.cancel_order",
        "getattr(client, 'amend_order')(order_id)",
        "client.write('POST', '/portfolio/events/orders', body=body)",
    ],
)
def test_the_scan_sees_the_ways_around(text: str) -> None:
    assert offences(text)
