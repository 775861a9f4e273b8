"""The shape of the house: arrows go down only, and no name of ours hides somebody else's module."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[1] / "src"
PACKAGE = SRC / "kalshi"

# room -> rooms it may import; the table of reference/architecture.md
GROUND = {"atomic", "drawing", "errors", "config", "exchange", "pricing"}
FLOOR_2 = {"store", "clients", "credentials", "mailer", "history"}
FLOOR_3 = {"trading", "paper"}
FLOOR_4 = {"tsa", "index", "research", "connect"}
FLOOR_5 = {"runtime", "shared", "season"}
ALLOWED: dict[str, set[str]] = {
    "atomic": set(),
    "drawing": set(),
    "errors": set(),
    "exchange": {"errors"},
    "config": {"errors", "exchange"},
    "pricing": {"errors", "exchange"},
    **dict.fromkeys(FLOOR_2, GROUND),
    **dict.fromkeys(FLOOR_3, GROUND | FLOOR_2),
    **dict.fromkeys(FLOOR_4, GROUND | FLOOR_2 | FLOOR_3),
    "runtime": GROUND | FLOOR_2 | FLOOR_3 | FLOOR_4,
    "shared": GROUND | FLOOR_2 | FLOOR_3 | FLOOR_4 | {"runtime"},
    "season": GROUND | FLOOR_2 | FLOOR_3 | FLOOR_4 | {"runtime"},
}


def _room(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def _imported_rooms(path: Path) -> set[str]:
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module] if node.module != "kalshi" else [f"kalshi.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name and name.startswith("kalshi.")}
    return rooms


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(SRC)))
def test_imports_go_down_only(path: Path) -> None:
    room = _room(path)
    if room not in ALLOWED:
        return  # a script of the top floor may import everything
    above = _imported_rooms(path) - ALLOWED[room] - {room, "__version__"}
    assert not above, f"{path.relative_to(SRC)} ({room}) imports {sorted(above)} from above or beside it"


def test_no_module_name_shadows_another() -> None:
    ours = {p.stem for p in PACKAGE.glob("*.py")} | {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    ours -= {"__init__", "__main__"}
    taken = set(sys.stdlib_module_names) | set(packages_distributions()) | {"kalshi", "test"}
    assert not ours & taken


def test_no_module_is_longer_than_400_lines() -> None:
    long = {
        str(path.relative_to(SRC)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long, f"look for the missing room: {long}"


def _asks_for_now(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "today", "utcnow"}
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "dt"}
    )


def test_nothing_below_the_jobs_asks_for_the_wall_clock() -> None:
    asking = [
        f"{path.relative_to(SRC)}:{getattr(node, 'lineno', 0)}"
        for path in PACKAGE.rglob("*.py")
        if _room(path) in ALLOWED and _room(path) != "runtime"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _asks_for_now(node)
    ]
    assert not asking, f"hand the clock in: {asking}"
